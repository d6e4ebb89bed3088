/** Sets the chosen theme before the first paint; a classic script in the head, because inline scripts are forbidden. */
import { applyTheme, storedTheme } from "./shell/theme";

applyTheme(storedTheme());
