"""The operations of the Blob service that Azurite performs, by Microsoft's operationIds."""

from __future__ import annotations

from typing import Final

__all__ = ["OPERATIONS"]

_OF: Final = {
    "AppendBlob": "AppendBlock AppendBlockFromUrl Create Seal",
    "Blob": "AbortCopyFromURL AcquireLease BreakLease ChangeLease CopyFromURL CreateSnapshot Delete"
    " DeleteImmutabilityPolicy Download GetAccountInfo GetAccountInfoWithHead GetProperties GetTags Query ReleaseLease"
    " RenewLease SetExpiry SetHTTPHeaders SetImmutabilityPolicy SetLegalHold SetMetadata SetTags SetTier"
    " StartCopyFromURL Undelete",
    "BlockBlob": "CommitBlockList GetBlockList PutBlobFromUrl StageBlock StageBlockFromURL Upload",
    "Container": "AcquireLease BreakLease ChangeLease Create Delete FilterBlobs GetAccessPolicy GetAccountInfo"
    " GetAccountInfoWithHead GetProperties GetPropertiesWithHead ListBlobFlatSegment ListBlobHierarchySegment"
    " ReleaseLease RenewLease Restore SetAccessPolicy SetMetadata SubmitBatch",
    "PageBlob": "ClearPages CopyIncremental Create GetPageRanges GetPageRangesDiff Resize UpdateSequenceNumber"
    " UploadPages UploadPagesFromURL",
    "Service": "FilterBlobs GetAccountInfo GetAccountInfoWithHead GetProperties GetStatistics GetUserDelegationKey"
    " ListContainersSegment SetProperties SubmitBatch",
}
OPERATIONS: Final = frozenset(f"{group}_{name}" for group, names in _OF.items() for name in names.split())
