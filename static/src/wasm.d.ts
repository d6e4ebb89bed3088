/** The build puts the file beside the bundles and gives its address. */
declare module "*.wasm" {
  const address: string;
  export default address;
}
