// Placeholder until the drawer is built.
export function inspector() {}
