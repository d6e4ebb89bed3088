/** Placeholder entry until the editor is merged: the shell's frame without an editor. */
import "./shell/shell.css";
import { h } from "./shell/dom";
import { createTopBar, mountPage } from "./shell/topbar";

mountPage(createTopBar(), h("main", {}));
