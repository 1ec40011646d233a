"""What there is to borrow, as a GBFS 3.0 feed for maps."""

from __future__ import annotations

from typing import Annotated, Any, Final

from litestar import get
from litestar.handlers import BaseRouteHandler
from litestar.params import PathParameter

from wayside.api.auth import PUBLIC, READ
from wayside.api.parameters import Provided
from wayside.model.errors import NotFound

SUFFIX: Final = ".json"

File = Annotated[
    str, PathParameter(pattern=r"^[a-z_]+\.json$", max_length=40, description="`gbfs.json` lists the others")
]


def feed_handler(*, public: bool) -> BaseRouteHandler:
    """``/gbfs/gbfs.json`` and its companions, for tokens with the scope read, or for everybody if so configured."""

    @get("/gbfs/{file:str}", opt=PUBLIC if public else READ)
    async def get_feed(services: Provided, file: File) -> dict[str, Any]:
        """Show a file of the GBFS feed: what there is to borrow and where, for maps.  Begin with `gbfs.json`."""
        if services.feed is None:
            raise NotFound(
                "there is no feed: whoever runs this server has not set gbfs.contact_email", "file"
            )
        found = await services.feed.file(file.removesuffix(SUFFIX))
        if found is None:
            raise NotFound("the feed has no such file; gbfs.json lists them", "file")
        return found

    return get_feed
