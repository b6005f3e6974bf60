// Style sheets are bundled as text: they go into the element's shadow root.
declare module "*.css" {
  const text: string;
  export { text as default };
}
