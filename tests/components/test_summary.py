"""What the stack's output says of organizations that are run elsewhere."""

from cryptography import x509

from components.summary import _bundle
from heddle.identity.authority import new_authority


def test_certificates_of_others_stay_apart() -> None:
    """Text that people gave may end without a line's end; joined, it is still every certificate."""
    texts = [
        new_authority(common_name=name, organization="two").certificate.decode() for name in ("one", "two")
    ]

    for given in (texts, [text.strip() for text in texts], [f"\n{text}\n\n" for text in texts]):
        found = x509.load_pem_x509_certificates(_bundle(tuple(given)).encode())
        assert len(found) == 2
