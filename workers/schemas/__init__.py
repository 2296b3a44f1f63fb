"""What objects of each kind may say, known without a cluster: Kubernetes' own OpenAPI, and definitions in manifests.

Only a part of what an API server checks, chosen so that what is found here is refused there too. Nothing here talks to
a cluster, and no value of an object is repeated in a sentence.
"""

from workers.schemas.checking import Fault, faults
from workers.schemas.types import Schemas

__all__ = ["Fault", "Schemas", "faults"]
