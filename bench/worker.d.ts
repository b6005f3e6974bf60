// The package's worker gives nothing to who imports it.
export {};
