// The tests' own git calls take part in no other repository, whatever runs them (a git hook, for one).
for (const name of Object.keys(process.env)) {
	if (name.startsWith("GIT_") || name.startsWith("MSGCODE_")) delete process.env[name];
}
