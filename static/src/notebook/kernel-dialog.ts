/** Owns the dialog that connects a notebook with the person's Jupyter server. */
import { button, openDialog } from "../shell/dialog";
import { h, replaceChildren } from "../shell/dom";
import { t } from "../shell/i18n";
import { JupyterError, readAddress, type JupyterAddress, type KernelSpec } from "./jupyter-server";

export interface KernelDialog {
  /** Origins that this page may reach; the server's setting. */
  readonly allowed: readonly string[];
  readonly kept: JupyterAddress | null;
  /** The kernel that the notebook was written for. */
  readonly wanted: { readonly name: string; readonly label: string };
  /** The server that is connected now. */
  readonly connected: string | null;
  readonly specs: (address: JupyterAddress) => Promise<KernelSpec[]>;
  readonly start: (address: JupyterAddress, spec: KernelSpec) => Promise<void>;
  readonly leave: () => void;
}

export function openKernelDialog(options: KernelDialog): void {
  const dialog = openDialog({ title: t("notebook.kernel_title") });
  if (options.allowed.length === 0) {
    dialog.body.append(h("p", {}, t("notebook.kernel_not_allowed")), h("p", { class: "hint" }, t("notebook.kernel_setting")));
    dialog.footer.append(button(t("action.close"), dialog.close, "primary"));
    return;
  }
  if (options.connected) {
    dialog.body.append(h("p", {}, t("notebook.kernel_connected", { server: options.connected })));
    dialog.footer.append(button(t("notebook.kernel_leave"), () => (dialog.close(), options.leave()), "danger"), button(t("action.close"), dialog.close, "primary"));
    return;
  }
  fill(dialog, options);
}

function fill(dialog: ReturnType<typeof openDialog>, options: KernelDialog): void {
  const url = h("input", { class: "field", type: "url", attrs: { "aria-label": t("notebook.kernel_url"), placeholder: options.allowed[0] ?? "", value: options.kept?.url ?? options.allowed[0] ?? "" } });
  const token = h("input", { class: "field", type: "password", attrs: { "aria-label": t("notebook.kernel_token"), autocomplete: "off", value: options.kept?.token ?? "" } });
  const problem = h("p", { class: "nb-problem", role: "alert" });
  const go = button(t("notebook.kernel_go"), () => void connect(), "primary");
  const connect = async (): Promise<void> => {
    const address = readAddress(url.value, token.value);
    replaceChildren(problem);
    if (!address) return replaceChildren(problem, t("notebook.kernel_no_address"));
    if (!options.allowed.includes(new URL(address.url).origin)) return replaceChildren(problem, t("notebook.kernel_other", { allowed: options.allowed.join(", ") }));
    go.disabled = true;
    try {
      const specs = await options.specs(address);
      const spec = specs.find((item) => item.name === options.wanted.name) ?? specs[0];
      if (!spec) throw new JupyterError(0, t("notebook.kernel_none"));
      await options.start(address, spec);
      dialog.close();
    } catch (error) {
      replaceChildren(problem, problemOf(error));
    } finally {
      go.disabled = false;
    }
  };
  const row = (label: string, field: HTMLElement): HTMLElement => h("label", { class: "field-row" }, h("span", {}, label), field);
  dialog.body.append(h("p", { class: "hint" }, t("notebook.kernel_text")), row(t("notebook.kernel_url"), url), row(t("notebook.kernel_token"), token), problem);
  dialog.footer.append(button(t("action.cancel"), dialog.close), go);
  url.focus();
}

function problemOf(error: unknown): string {
  const status = error instanceof JupyterError ? error.status : 0;
  if (status === 401 || status === 403) return t("notebook.kernel_refused");
  return t("notebook.kernel_failed", { reason: error instanceof Error ? error.message : String(error) });
}
