"""Where blobs are kept: a directory of this machine, or a bucket of an S3-compatible object store."""

from wayside.engines.blobs.bucket import S3, BucketBlobs
from wayside.engines.blobs.directory import DirectoryBlobs

__all__ = ["S3", "BucketBlobs", "DirectoryBlobs"]
