//! TLS to an SMSC, with rustls as the other connections have it.

use std::sync::Arc;

use rustls_platform_verifier::BuilderVerifierExt as _;
use tokio::net::TcpStream;
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{
        ClientConfig, RootCertStore,
        crypto::aws_lc_rs::default_provider,
        pki_types::{CertificateDer, ServerName, pem::PemObject as _},
    },
};

/// Whom to trust: a given certificate authority, or those of the system.
#[derive(Debug, Clone)]
pub struct Tls(Arc<ClientConfig>);

/// Why TLS cannot be used. Its owner corrects the configuration.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The file holds no certificate in PEM form.
    #[error("there is no certificate in PEM form in it: {0}")]
    Certificate(String),
    /// The system's own certificates cannot be used.
    #[error("the system's certificates cannot be used: {0}")]
    System(String),
}

impl Tls {
    /// Trusts the certificate authorities in `ca` (PEM) and no other; without it, those of the system.
    pub fn new(ca: Option<&[u8]>) -> Result<Self, TlsError> {
        let system = |error: tokio_rustls::rustls::Error| TlsError::System(error.to_string());
        let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()));
        let builder = builder.with_safe_default_protocol_versions().map_err(system)?;
        let builder = match ca {
            Some(pem) => builder.with_root_certificates(roots(pem)?),
            None => builder.with_platform_verifier().map_err(system)?,
        };
        Ok(Self(Arc::new(builder.with_no_client_auth())))
    }

    pub(super) async fn connect(&self, host: &str, stream: TcpStream) -> std::io::Result<TlsStream<TcpStream>> {
        let name = ServerName::try_from(host.to_owned()).map_err(std::io::Error::other)?;
        TlsConnector::from(Arc::clone(&self.0)).connect(name, stream).await
    }
}

fn roots(pem: &[u8]) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|error| TlsError::Certificate(error.to_string()))?;
        roots.add(certificate).map_err(|error| TlsError::Certificate(error.to_string()))?;
    }
    if roots.is_empty() { Err(TlsError::Certificate("the file has none".into())) } else { Ok(roots) }
}
