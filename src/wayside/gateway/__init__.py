"""The only room with device sockets: connections, group commit, who is ours, and commands on their way."""
