"""Generated documentation: whole pages, and regions inside pages that people write.

A region stands between markers, each on a line of its own:

    <!-- generated:messages -->
    …
    <!-- /generated -->

`python -m tools.docs` writes everything anew; with `--check` it shows what is stale, and fails.
What is generated where stands in `registry.py`.
"""
