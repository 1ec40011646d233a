"""Power banks and who has them: rules over events and commands, without I/O.  README.md says how it is wired."""
