//! What https listeners show, and what they ask of clients.

use std::{
    fs, io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    path::{Path, PathBuf},
    sync::Arc,
};

use tokio::runtime::Handle;

use crate::{
    config::{Settings, TlsFiles},
    front::worlds::Worlds,
    master::{HandshakeRefusal, Master, MasterError},
    net::{ClientCheck, IdentityError, PeerRefusal, Tls, TlsIdentity, TlsName},
};

use super::listeners::Listeners;

/// A file of `--tls-cert` or `--tls-key` that is of no use.
#[derive(Debug, thiserror::Error)]
pub enum TlsFileError {
    /// It cannot be read.
    #[error("cannot read `{path}`: {source}; give {flag} a file that this user may read")]
    Unreadable {
        /// The setting.
        flag: &'static str,
        /// Its value.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// It does not hold what it should.
    #[error("`{path}`: {source}; give {flag} the PEM file that holds it")]
    Unusable {
        /// The setting.
        flag: &'static str,
        /// Its value.
        path: PathBuf,
        /// Why not.
        source: IdentityError,
    },
    /// Each is good for itself.
    #[error(
        "the key in `{key}` does not belong to the certificate in `{certificate}`; give --tls-cert \
         and --tls-key a pair, the server's own certificate before those of its authorities"
    )]
    OtherKey {
        /// The file of the certificate.
        certificate: PathBuf,
        /// The file of the key.
        key: PathBuf,
    },
}

/// The world's authority gives the server no certificate.
#[derive(Debug, thiserror::Error)]
pub enum IssueError {
    /// It issues none.
    #[error("the server has no certificate")]
    Refused(#[source] MasterError),
    /// What the database keeps is none.
    #[error("the server's certificate in the database is of no use")]
    Unusable(#[source] IdentityError),
}

impl IssueError {
    /// The process's exit code.
    pub const fn exit_code(&self) -> u8 {
        match self {
            // The authority, or a name: both were given.
            Self::Refused(MasterError::Issuing(_)) => 2,
            Self::Refused(_) | Self::Unusable(_) => 5,
        }
    }
}

/// Reads the certificate and key that were given.
pub(super) fn read_identity(files: &TlsFiles) -> Result<TlsIdentity, TlsFileError> {
    let (of_certificate, of_key) = ("--tls-cert", "--tls-key");
    let chain = read(of_certificate, &files.certificate)?;
    let key = read(of_key, &files.key)?;
    TlsIdentity::from_pem(&chain, &key).map_err(|source| {
        let (flag, path) = match source {
            IdentityError::NoCertificate | IdentityError::BrokenCertificate => {
                (of_certificate, &files.certificate)
            }
            IdentityError::NoKey | IdentityError::EncryptedKey | IdentityError::UnusableKey => {
                (of_key, &files.key)
            }
            IdentityError::OtherKey => {
                return TlsFileError::OtherKey {
                    certificate: files.certificate.clone(),
                    key: files.key.clone(),
                };
            }
        };
        TlsFileError::Unusable {
            flag,
            path: path.clone(),
            source,
        }
    })
}

fn read(flag: &'static str, path: &Path) -> Result<Vec<u8>, TlsFileError> {
    fs::read(path).map_err(|source| TlsFileError::Unreadable {
        flag,
        path: path.to_owned(),
        source,
    })
}

/// How https listeners speak TLS, if there are any: as `given`, or with a certificate that the
/// world's authority issues.
pub(super) async fn of_listeners(
    given: Option<TlsIdentity>,
    listeners: &Listeners,
    settings: &Settings,
    worlds: &Worlds,
) -> Result<Option<Tls>, IssueError> {
    if !listeners.all().any(|listener| listener.endpoint().is_tls()) {
        return Ok(None);
    }
    let identity = if let Some(identity) = given {
        identity
    } else {
        let master = worlds.default_world().master();
        issued_identity(names(listeners, settings), &master).await?
    };
    Ok(Some(Tls::new(
        &identity,
        settings.client_certificates,
        client_check(worlds),
    )))
}

async fn issued_identity(names: Vec<String>, master: &Master) -> Result<TlsIdentity, IssueError> {
    let issued = master
        .server_certificate(names)
        .await
        .map_err(IssueError::Refused)?;
    let (chain, key) = (
        issued.chain_pem.as_bytes(),
        issued.key_pem.expose().as_bytes(),
    );
    TlsIdentity::from_pem(chain, key).map_err(IssueError::Unusable)
}

/// Everything that a client may call this server: what loopback is called, the machine's name, the
/// addresses that were bound, and what was asked for.
fn names(listeners: &Listeners, settings: &Settings) -> Vec<String> {
    let loopback = [
        IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(Ipv6Addr::LOCALHOST),
    ];
    let bound = listeners
        .all()
        .filter(|listener| listener.endpoint().is_tls())
        .filter_map(|listener| listener.endpoint().address())
        .map(|address| address.ip())
        .filter(|ip| !ip.is_unspecified());
    let mut names = vec!["localhost".to_owned()];
    let others = loopback
        .into_iter()
        .map(TlsName::from)
        .chain(host_name())
        .chain(bound.map(TlsName::from))
        .chain(settings.tls_names.iter().cloned());
    for name in others {
        if !names.iter().any(|known| known == name.as_str()) {
            names.push(name.as_str().to_owned());
        }
    }
    names
}

/// The machine's name, where it has one that can stand in a certificate. Read, not resolved: a
/// static binary resolves nothing.
fn host_name() -> Option<TlsName> {
    let text = fs::read_to_string("/proc/sys/kernel/hostname").ok()?;
    text.trim().parse().ok()
}

/// What a client's certificate has to be for the handshake to succeed. By default anything: what
/// it is worth is decided with each request, by the world that it is for, where a refusal can be
/// explained. Asks the worlds only where the switches of one, which fixtures can set after the
/// start, want it to.
fn client_check(worlds: &Worlds) -> ClientCheck {
    let worlds = worlds.clone();
    Arc::new(move |certificate| {
        if !worlds.judge_handshakes() {
            return Ok(());
        }
        // rustls asks from within a task and wants the answer now; other tasks of this thread go on
        // in another.
        let checked = tokio::task::block_in_place(|| {
            Handle::current().block_on(worlds.check_handshake(certificate))
        });
        checked.map_err(|refusal| match refusal {
            HandshakeRefusal::UnknownIssuer => PeerRefusal::UnknownIssuer,
            HandshakeRefusal::NotYetValid => PeerRefusal::NotYetValid,
            HandshakeRefusal::Expired => PeerRefusal::Expired,
            HandshakeRefusal::Revoked => PeerRefusal::Revoked,
        })
    })
}

#[cfg(test)]
mod tests {
    use rustls::pki_types::{CertificateDer, pem::PemObject};

    use super::*;
    use crate::{
        domain::{
            behaviour::Behaviour, certificate::CertificateSubject, identifier::ComputerReference,
        },
        front::{AppState, worlds::WorldLimits},
        master::{Revoke, WorldSettings},
    };

    #[tokio::test(flavor = "multi_thread")]
    async fn a_revoked_certificate_fails_the_handshake_only_where_the_switch_says_so() {
        let computer = ComputerReference::trusted("COMP-1".to_owned());
        let subject = CertificateSubject::Computer(computer.clone());
        let foreign = rcgen::generate_simple_self_signed(["COMP-1".to_owned()]).unwrap();
        for (word, expected) in [
            ("status", [Ok(()); 3]),
            ("stale", [Ok(()); 3]),
            (
                "handshake",
                [
                    Ok(()),
                    Err(PeerRefusal::Revoked),
                    Err(PeerRefusal::UnknownIssuer),
                ],
            ),
        ] {
            let mut behaviour = Behaviour::default();
            behaviour.set("auth.revoked", word).unwrap();
            let master = Master::open(WorldSettings {
                behaviour,
                default_computer: Some(computer.clone()),
                ..WorldSettings::default()
            })
            .await
            .unwrap();
            let issued = master.issue_certificate(subject.clone()).await.unwrap();
            let own = CertificateDer::from_pem_slice(issued.certificate_pem.as_bytes()).unwrap();
            let worlds = Worlds::new(&AppState::new(master.clone()), WorldLimits::default());
            let check = client_check(&worlds);
            let valid = check(&own);
            let revoke = Revoke::Subject(subject.clone());
            master.revoke_certificates(revoke).await.unwrap();
            assert_eq!([valid, check(&own), check(foreign.cert.der())], expected);
        }
    }
}
