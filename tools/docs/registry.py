"""Everything that is generated: one line each."""

from tools.docs import access, api, capabilities, cli, configuration, errors, protocols, tour, vocabulary
from tools.docs.generated import Page, Region

PAGES: tuple[Page, ...] = (
    access.page(),
    api.page(),
    capabilities.page(),
    cli.page(),
    *configuration.pages(),
    errors.page(),
    vocabulary.page(),
)

REGIONS: tuple[Region, ...] = (
    cli.overview(),
    capabilities.families(),
    *tour.regions(),
    *protocols.regions(),
)
