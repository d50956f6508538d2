"""Give the components, and users' programs, typed Pulumi classes of Heddle's own resources.

They need only the declarations in `heddle.schema`: a program that declares resources never loads a gRPC
client. Objects inside arguments (a Node, an Identity) are dictionaries with Pulumi's names, see
`heddle.resources.arguments`.
"""

from heddle.resources.arguments import *
from heddle.resources.chaincode import *
from heddle.resources.identity import *
from heddle.resources.kubernetes import *
from heddle.resources.ledger import *
from heddle.resources.provider import *
