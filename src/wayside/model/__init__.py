"""What a device says and is told: events, values, commands, errors.  Imports nothing of ours."""
