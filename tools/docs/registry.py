"""Everything that is generated: one line each."""

from tools.docs import protocols, vocabulary
from tools.docs.generated import Page, Region

PAGES: tuple[Page, ...] = (vocabulary.page(),)

REGIONS: tuple[Region, ...] = (*protocols.regions(),)
