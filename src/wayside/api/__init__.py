"""REST, live feed and metrics over HTTP.  Imports Litestar: only ``app`` loads this room, and only to serve."""
