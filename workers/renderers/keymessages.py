"""What sops asks a key service: its messages, built from nothing but their field numbers.

Field facts: ``keyservice/keyservice.proto`` of getsops/sops; kinds of keys that it names and we do not are none to us.
"""

from __future__ import annotations

from typing import Any, Final

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

METHOD: Final = "/KeyService/Decrypt"

_KEYS: Final = (
    (1, "kms_key", "KmsKey", {"arn": 1, "role": 2, "aws_profile": 4}),
    (3, "gcp_kms_key", "GcpKmsKey", {"resource_id": 1}),
    (4, "azure_keyvault_key", "AzureKeyVaultKey", {"vault_url": 1, "name": 2, "version": 3}),
    (5, "vault_key", "VaultKey", {"vault_address": 1, "engine_path": 2, "key_name": 3}),
)
_Field = descriptor_pb2.FieldDescriptorProto


def _with_text(message: descriptor_pb2.DescriptorProto, names: dict[str, int]) -> None:
    for name, number in names.items():
        message.field.add(name=name, number=number, type=_Field.TYPE_STRING, label=_Field.LABEL_OPTIONAL)


def _protocol() -> descriptor_pb2.FileDescriptorProto:
    file = descriptor_pb2.FileDescriptorProto(name="keyservice", package="hookline", syntax="proto3")
    key = file.message_type.add(name="Key")
    key.oneof_decl.add(name="key_type")
    for number, field, kind, texts in _KEYS:
        key.field.add(
            name=field,
            number=number,
            type=_Field.TYPE_MESSAGE,
            type_name=f".hookline.{kind}",
            label=_Field.LABEL_OPTIONAL,
            oneof_index=0,
        )
        _with_text(file.message_type.add(name=kind), texts)
    kms = next(one for one in file.message_type if one.name == "KmsKey")
    entry = kms.nested_type.add(name="ContextEntry")
    entry.options.map_entry = True
    _with_text(entry, {"key": 1, "value": 2})
    of = ".hookline.KmsKey.ContextEntry"
    kms.field.add(name="context", number=3, type=_Field.TYPE_MESSAGE, type_name=of, label=_Field.LABEL_REPEATED)
    asked = file.message_type.add(name="DecryptRequest")
    asked.field.add(
        name="key", number=1, type=_Field.TYPE_MESSAGE, type_name=".hookline.Key", label=_Field.LABEL_OPTIONAL
    )
    asked.field.add(name="ciphertext", number=2, type=_Field.TYPE_BYTES, label=_Field.LABEL_OPTIONAL)
    return file


_POOL: Final = descriptor_pool.DescriptorPool()
_POOL.Add(_protocol())

Request: Final[Any] = message_factory.GetMessageClass(_POOL.FindMessageTypeByName("hookline.DecryptRequest"))
"""``key``, one of four kinds, and ``ciphertext``. The answer is passed on unread."""
