"""The door for files that devices post over HTTP: received in pieces, judged, kept, and tied to what wanted them."""
