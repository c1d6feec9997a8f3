// The version that every part reports. Invariant: equal to package.json's; a test compares the two.

export const version = "0.1.0";
