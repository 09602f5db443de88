//! What a TLS listener needs: whom it shows itself as, and what it asks of clients.
//!
//! The handshake proves that a client owns the key of the certificate that it shows. What the
//! certificate is worth (who issued it, whether it was revoked) is decided per request, by whoever
//! gets it, and in the handshake only as far as a [`ClientCheck`] says.

use std::{fmt, sync::Arc};

use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, InconsistentKeys, ServerConfig,
    SignatureScheme,
    client::danger::HandshakeSignatureValid,
    crypto::{CryptoProvider, WebPkiSupportedAlgorithms, ring},
    pki_types::{CertificateDer, PrivateKeyDer, UnixTime, pem::PemObject},
    server::{
        NoServerSessionStorage,
        danger::{ClientCertVerified, ClientCertVerifier},
    },
    sign::{CertifiedKey, SingleCertAndKey},
};

/// The certificate that a server or a client shows, with its chain and key.
#[derive(Clone)]
pub struct TlsIdentity(Arc<SingleCertAndKey>);

/// Why a certificate and a key are no [`TlsIdentity`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// The text holds no certificate.
    #[error("there is no certificate: a block that begins with `-----BEGIN CERTIFICATE-----`")]
    NoCertificate,
    /// A certificate cannot be read.
    #[error("the certificate is malformed")]
    BrokenCertificate,
    /// The text holds no key.
    #[error("there is no private key: a block that begins with `-----BEGIN PRIVATE KEY-----`")]
    NoKey,
    /// The key has a passphrase.
    #[error("the key is encrypted: write it without a passphrase, as with `openssl pkey -in FILE`")]
    EncryptedKey,
    /// The key cannot be read, or is of another kind.
    #[error(
        "the key is malformed, or of a kind that is not supported: RSA (2048 bits or more), ECDSA \
         on P-256 or P-384, and Ed25519 are"
    )]
    UnusableKey,
    /// The key is another certificate's.
    #[error("the key does not belong to the certificate")]
    OtherKey,
}

impl TlsIdentity {
    /// Reads a chain (the shown certificate first) and its key, both PEM.
    pub fn from_pem(chain: &[u8], key: &[u8]) -> Result<Self, IdentityError> {
        let chain = CertificateDer::pem_slice_iter(chain)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|_| IdentityError::BrokenCertificate)?;
        if chain.is_empty() {
            return Err(IdentityError::NoCertificate);
        }
        let key = match PrivateKeyDer::pem_slice_iter(key).next() {
            Some(Ok(key)) => key,
            Some(Err(_)) => return Err(IdentityError::UnusableKey),
            None if is_encrypted(key) => return Err(IdentityError::EncryptedKey),
            None => return Err(IdentityError::NoKey),
        };
        let key = ring::sign::any_supported_type(&key).map_err(|_| IdentityError::UnusableKey)?;
        let certified = CertifiedKey::new(chain, key);
        match certified.keys_match() {
            Ok(()) | Err(rustls::Error::InconsistentKeys(InconsistentKeys::Unknown)) => {
                Ok(Self(Arc::new(SingleCertAndKey::from(certified))))
            }
            Err(rustls::Error::InconsistentKeys(_)) => Err(IdentityError::OtherKey),
            Err(_) => Err(IdentityError::BrokenCertificate),
        }
    }
}

impl TlsIdentity {
    /// To show it to servers that ask for one.
    pub(super) fn to_show(&self) -> Arc<SingleCertAndKey> {
        Arc::clone(&self.0)
    }
}

/// Whether the text's key has a passphrase, in either of the forms that OpenSSL writes.
fn is_encrypted(pem: &[u8]) -> bool {
    let text = String::from_utf8_lossy(pem);
    text.contains("-----BEGIN ENCRYPTED PRIVATE KEY-----")
        || text.contains("Proc-Type: 4,ENCRYPTED")
}

impl fmt::Debug for TlsIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsIdentity").finish_non_exhaustive()
    }
}

/// Whether clients have to show a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ClientCertificates {
    /// They may.
    #[default]
    Optional,
    /// Without one, the handshake fails.
    Required,
}

/// Why a client's certificate is refused in the handshake; the client is told by an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PeerRefusal {
    /// Nobody that counts issued it: `unknown_ca`.
    UnknownIssuer,
    /// Its time is over: `certificate_expired`.
    Expired,
    /// Its time has not begun: `certificate_expired` too, which says "not currently valid".
    NotYetValid,
    /// It was revoked: `certificate_revoked`.
    Revoked,
}

impl From<PeerRefusal> for rustls::Error {
    fn from(refusal: PeerRefusal) -> Self {
        Self::InvalidCertificate(match refusal {
            PeerRefusal::UnknownIssuer => CertificateError::UnknownIssuer,
            PeerRefusal::Expired => CertificateError::Expired,
            PeerRefusal::NotYetValid => CertificateError::NotValidYet,
            PeerRefusal::Revoked => CertificateError::Revoked,
        })
    }
}

/// Asked at each handshake in which a client shows a certificate. It may block its task, as by
/// `tokio::task::block_in_place`.
pub type ClientCheck =
    Arc<dyn Fn(&CertificateDer<'_>) -> Result<(), PeerRefusal> + Send + Sync + 'static>;

/// How a listener speaks TLS. Clones share it.
#[derive(Clone)]
pub struct Tls(Arc<ServerConfig>);

impl Tls {
    /// TLS 1.2 and 1.3, by ring.
    pub fn new(
        identity: &TlsIdentity,
        certificates: ClientCertificates,
        check: ClientCheck,
    ) -> Self {
        let provider = Arc::new(ring::default_provider());
        let verifier = Arc::new(Verifier {
            certificates,
            check,
            algorithms: provider.signature_verification_algorithms,
        });
        let mut config = builder(provider)
            .with_client_cert_verifier(verifier)
            .with_cert_resolver(Arc::clone(&identity.0) as Arc<_>);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        // A resumed session would skip the check of the client's certificate, and a revoked one
        // would slip by. Without tickets and stored sessions every connection begins with a whole
        // handshake; that costs a millisecond, once a connection.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        Self(Arc::new(config))
    }

    pub(super) fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.0)
    }
}

#[expect(
    clippy::expect_used,
    reason = "it fails only if ring had no cipher suite for one of the two versions"
)]
fn builder(
    provider: Arc<CryptoProvider>,
) -> rustls::ConfigBuilder<ServerConfig, rustls::WantsVerifier> {
    ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .expect("ring speaks TLS 1.2 and 1.3")
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").finish_non_exhaustive()
    }
}

/// Takes any certificate whose key the client has, if the check does.
struct Verifier {
    certificates: ClientCertificates,
    check: ClientCheck,
    algorithms: WebPkiSupportedAlgorithms,
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier")
            .field("certificates", &self.certificates)
            .finish_non_exhaustive()
    }
}

impl ClientCertVerifier for Verifier {
    fn client_auth_mandatory(&self) -> bool {
        self.certificates == ClientCertificates::Required
    }

    /// None: a list of issuers makes clients keep back certificates of others, and then nobody
    /// could tell them that theirs is of the wrong one. OpenSSL, and with it curl and Python, sends
    /// what it has when the list is empty.
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        certificate: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        (self.check)(certificate)?;
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(message, certificate, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(message, certificate, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
