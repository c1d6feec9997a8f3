// The version that every part reports. Invariant: equal to package.json's; a test compares the two.

export const version = "0.1.0";

/** The oldest Node that runs msgcode, as package.json says: [major, minor]. */
export const NODE_MINIMUM = [22, 12] as const;
