"""Key pairs for tests: the private key as PowerDNS writes it, and the DS of its DNSKEY by dnspython."""
import dns.dnssec
import dns.name
import dns.rdata


class Pair:
    """One key; the public half was made once by another library than ours."""

    def __init__(self, algorithm, mnemonic, private, public):
        self.algorithm, self.public = algorithm, public
        self.content = f"Private-key-format: v1.2\nAlgorithm: {algorithm} ({mnemonic})\nPrivateKey: {private}\n"

    def ds(self, zone, flags=257):
        """The content of the SHA-256 DS of the DNSKEY at zone."""
        rdata = dns.rdata.from_text("IN", "DNSKEY", f"{flags} 3 {self.algorithm} {self.public}")
        return dns.dnssec.make_ds(dns.name.from_text(zone), rdata, "SHA256").to_text()

    def key(self, flags=257, active=True, published=True):
        """The parameter `key` of addDomainKey, as PowerDNS 4.7.3 sends it."""
        return {"flags": flags, "active": active, "published": published, "content": self.content}


PAIRS = [
    Pair(13, "ECDSAP256SHA256", "/BQx+B03hfJlpMkZNOIlzALl3piHIMLnGl/S352Jv9M=",
         "dYuSYQCxGYMA3/WjtsBGck1a9k5EwqyBlhFYticZiMLlUPzXFUiMsF6YVwG7+21A88eYO90Fc5QEQY7Ld2XlOQ=="),
    Pair(13, "ECDSAP256SHA256", "jySW5zoVSuajt4JAkKtjVmAPe8+f3vL44uOJ+zMpnRo=",
         "j0DCLE04fqDTICDYLMS29yGq97DA67uKfSDr9e8yht+7vw4XSSAD+BDJKQKl1KoZ80GSI3rI/k7g8bs0w1zNew=="),
    Pair(13, "ECDSAP256SHA256", "TwZdkrt3PQ9Cto1mVt1KTjtjChsv4dR9tZn+wvHdzLA=",
         "7QgdGRsbHhdRZukNkOlu9ekrVvE6j1rOKDZFdxWHYOnPM2tqjP0E/62Gsyd1jVcLzapiFKvkA3UAAUbYiediwg=="),
    Pair(13, "ECDSAP256SHA256", "MzM/Cx613IP6i8k5xKwHX9Werw+vuk8cF+uEPjhLENo=",
         "QDUxvoRoM5xTKHooVVpHSKu3Qh4LiPUnR7dL2rcmSzCWhrFlPlJGC8ry82YbL9YRolTyXdaBiWpK3Vk08ebgaw=="),
    Pair(15, "ED25519", "v2QuYmvUBR5xWAyN2ImjkNnPPiC0seY+eYsXzBd915s=",
         "hLH5YsqoHoVap352rAgrGHtQx9zgd0r80uldNZ5oj9k="),
    Pair(15, "ED25519", "NbZruKdMq3pY5TCblOwOx7YkN5XGTD7AkUtk034J+WM=",
         "TcvbAWQdwLC3qMPBZ/pjqx1Qx3UI6QxzzU/SJ9sKHzY="),
]
P256, P256_B, P256_C, P256_D, ED25519, ED25519_B = PAIRS
