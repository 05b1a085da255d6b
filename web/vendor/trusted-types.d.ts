/** The declarations of lit-html name a package of types that nothing here needs. */
declare module 'trusted-types/lib/index.js' {
  export type TrustedHTML = never;
}
