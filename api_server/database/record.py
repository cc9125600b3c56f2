"""The base of every stored document: a frozen model whose `id` is the document's `_id`."""

from typing import Self

from api_server.database.port import Document
from common.contracts.base import Contract


class Record(Contract):
    """Unknown keys are dropped when read, so that an older server survives a newer one's documents."""

    id: str

    def to_document(self) -> Document:
        fields = self.model_dump(mode="json", exclude={"id"})
        return {"_id": self.id, **fields}

    @classmethod
    def from_document(cls, document: Document) -> Self:
        """Raises ValueError (pydantic's ValidationError is one) for a document that is not one of ours."""
        return cls.model_validate({**document, "id": document["_id"]})
