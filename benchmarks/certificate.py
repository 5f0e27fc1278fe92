"""A certificate for 127.0.0.1 that signs itself, for the source to serve over TLS."""

from __future__ import annotations

import datetime
import ipaddress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


def write_certificate(folder: Path) -> tuple[Path, Path]:
    """Write a certificate and its key below ``folder``; returns their paths."""
    key = ec.generate_private_key(ec.SECP256R1())
    certificate_path, key_path = folder / "certificate.pem", folder / "key.pem"
    certificate_path.write_bytes(_signed(key).public_bytes(serialization.Encoding.PEM))
    key_path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return certificate_path, key_path


def _signed(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "the benchmark's event source")])
    now = datetime.datetime.now(datetime.UTC)
    day = datetime.timedelta(days=1)
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.IPv4Address("127.0.0.1"))])
    described = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    dated = described.serial_number(x509.random_serial_number()).not_valid_before(now - day).not_valid_after(now + day)
    extended = dated.add_extension(address, critical=False).add_extension(
        x509.BasicConstraints(ca=True, path_length=0), critical=True
    )
    return extended.sign(key, hashes.SHA256())
