// The word that stands for "the first runner that works" wherever a runner is named; so no runner can be called that.

export const AUTO = "auto";
