//! Finding Syncthing: its `config.xml`, the address of its API, the key, and the one certificate to trust.
//!
//! The places are those of Syncthing's own documentation, in its own order; the configuration may name one of them, or
//! address and key without any. Reads files and decides nothing else; nothing here asks the network.

use super::secret::Secret;
use crate::config::Syncthing;
use roxmltree::{Document, Node};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use std::io;
use std::path::{Path, PathBuf};

/// A configuration is some tens of kilobytes; a cluster of a thousand devices has a megabyte.
const CONFIG_BYTES_MAX: u64 = 16 << 20;
/// What systemd calls the key, with `LoadCredential=syncthing-key:…`.
pub const CREDENTIAL: &str = "syncthing-key";

/// Where to ask, and with what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// `http://127.0.0.1:8384`.
    pub url: String,
    pub key: Secret,
    /// The only certificate that is believed, where the API speaks https.
    pub certificate: Option<CertificateDer<'static>>,
}

/// Why there is nothing to ask.
#[derive(Debug, thiserror::Error)]
pub enum NotFound {
    #[error("no Syncthing was found")]
    Nowhere,
    #[error("could not read {path}")]
    Unreadable {
        path: PathBuf,
        #[source]
        cause: io::Error,
    },
    #[error("{path} is not a configuration of Syncthing")]
    NotXml {
        path: PathBuf,
        #[source]
        cause: roxmltree::Error,
    },
    #[error("{path} names no {what}")]
    Missing { path: PathBuf, what: &'static str },
    #[error("{path} holds no certificate")]
    NoCertificate { path: PathBuf },
    #[error("no key is named for {url}")]
    NoKey { url: String },
}

impl NotFound {
    /// The next move.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Nowhere => "name its home with [syncthing] home, or url and key_file",
            Self::Unreadable { .. } => {
                "let the account of showd read it, or name url and key_file in [syncthing] instead"
            }
            Self::NotXml { .. } | Self::Missing { .. } => "see whether Syncthing itself still starts with it",
            Self::NoCertificate { .. } => "name https-cert.pem of Syncthing's home with [syncthing] cert_file",
            Self::NoKey { .. } => "put the key into a file of mode 0600 and name it with [syncthing] key_file",
        }
    }
}

/// The environment, as far as it is read.
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<std::ffi::OsString>;

/// Where Syncthing is, told or found.
///
/// # Errors
/// [`NotFound::Nowhere`] when nobody told and there is none; else what is wrong with the place.
pub fn discover(told: &Syncthing, environment: Environment<'_>) -> Result<Found, NotFound> {
    let key = match &told.key_file {
        Some(path) => Some(read_key(path)?),
        None => environment("CREDENTIALS_DIRECTORY")
            .map(|folder| PathBuf::from(folder).join(CREDENTIAL))
            .filter(|path| path.exists())
            .map(|path| read_key(&path))
            .transpose()?,
    };
    let certificate = told.cert_file.as_deref().map(read_certificate).transpose()?;
    if let (Some(url), None) = (&told.url, &told.home) {
        let url = url.trim_end_matches('/').to_owned();
        let Some(key) = key else { return Err(NotFound::NoKey { url }) };
        return Ok(Found { url, key, certificate });
    }
    let homes = match &told.home {
        Some(home) => vec![home.clone()],
        None => homes(environment),
    };
    let is_there = |home: &&PathBuf| told.home.is_some() || home.join("config.xml").exists();
    let home = homes.iter().find(is_there).ok_or(NotFound::Nowhere)?;
    let found = read_home(home)?;
    Ok(Found {
        url: told.url.as_ref().map_or(found.url, |url| url.trim_end_matches('/').to_owned()),
        key: key.unwrap_or(found.key),
        certificate: certificate.or(found.certificate),
    })
}

/// In the order in which Syncthing itself looks.
fn homes(environment: Environment<'_>) -> Vec<PathBuf> {
    let folder = |name: &str| environment(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let home = folder("HOME");
    let below = |part: &str| home.as_ref().map(|home| home.join(part));
    [
        folder("STCONFDIR"),
        folder("STHOMEDIR"),
        folder("XDG_STATE_HOME").or_else(|| below(".local/state")).map(|state| state.join("syncthing")),
        below(".local/state/syncthing"),
        folder("XDG_CONFIG_HOME").map(|config| config.join("syncthing")),
        below(".config/syncthing"),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn read_home(home: &Path) -> Result<Found, NotFound> {
    let path = home.join("config.xml");
    let text = read_text(&path)?;
    let document = Document::parse(&text).map_err(|cause| NotFound::NotXml { path: path.clone(), cause })?;
    let gui = child(document.root_element(), "gui");
    let gui = gui.ok_or_else(|| NotFound::Missing { path: path.clone(), what: "gui" })?;
    let word = |name| child(gui, name).and_then(|node| node.text()).map(str::trim).filter(|text| !text.is_empty());
    let is_tls = gui.attribute("tls").is_some_and(|flag| flag.trim() == "true");
    let address = word("address").ok_or_else(|| NotFound::Missing { path: path.clone(), what: "gui address" })?;
    let key = word("apikey").and_then(Secret::new);
    let key = key.ok_or_else(|| NotFound::Missing { path: path.clone(), what: "gui apikey" })?;
    let certificate = is_tls.then(|| read_certificate(&home.join("https-cert.pem"))).transpose()?;
    Ok(Found { url: format!("{}://{}", if is_tls { "https" } else { "http" }, reachable(address)), key, certificate })
}

fn child<'a>(node: Node<'a, 'a>, name: &str) -> Option<Node<'a, 'a>> {
    node.children().find(|child| child.has_tag_name(name))
}

/// Where to reach what listens at an address: all of a machine's addresses are reached on loopback.
fn reachable(address: &str) -> String {
    let Some((host, port)) = address.rsplit_once(':') else { return address.to_owned() };
    match host {
        "" | "0.0.0.0" => format!("127.0.0.1:{port}"),
        "[::]" => format!("[::1]:{port}"),
        _ => address.to_owned(),
    }
}

fn read_text(path: &Path) -> Result<String, NotFound> {
    let unreadable = |cause| NotFound::Unreadable { path: path.to_path_buf(), cause };
    let size = std::fs::metadata(path).map_err(unreadable)?.len();
    if size > CONFIG_BYTES_MAX {
        return Err(unreadable(io::Error::new(io::ErrorKind::InvalidData, "it is far too large")));
    }
    std::fs::read_to_string(path).map_err(unreadable)
}

fn read_key(path: &Path) -> Result<Secret, NotFound> {
    Secret::read(path).map_err(|cause| NotFound::Unreadable { path: path.to_path_buf(), cause })
}

fn read_certificate(path: &Path) -> Result<CertificateDer<'static>, NotFound> {
    let text = read_text(path)?;
    CertificateDer::from_pem_slice(text.as_bytes()).map_err(|_| NotFound::NoCertificate { path: path.to_path_buf() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsString;

    const CONFIG: &str = "<configuration version=\"37\"><folder id=\"x\" path=\"~/show\"/>\
        <gui enabled=\"true\" tls=\"false\"><address>0.0.0.0:8384</address><apikey>s3cret</apikey></gui>\
        </configuration>";

    fn home(config: &str) -> tempfile::TempDir {
        let dir = tempfile::tempdir().expect("a temporary folder");
        std::fs::write(dir.path().join("config.xml"), config).expect("writable");
        dir
    }

    fn none(_: &str) -> Option<OsString> {
        None
    }

    #[test]
    fn it_is_found_where_syncthing_keeps_it_and_nowhere_else() {
        let found = home(CONFIG);
        let state = tempfile::tempdir().expect("a temporary folder");
        let ours = state.path().join("syncthing");
        std::fs::create_dir(&ours).expect("writable");
        std::fs::write(ours.join("config.xml"), CONFIG.replace("8384", "9999")).expect("writable");
        let environment = |name: &str| match name {
            "STCONFDIR" => Some(OsString::from(found.path())),
            "XDG_STATE_HOME" => Some(OsString::from(state.path())),
            _ => None,
        };
        let told = Syncthing::default();
        assert_eq!(discover(&told, &environment).expect("found").url, "http://127.0.0.1:8384");
        let environment = |name: &str| environment(name).filter(|_| name != "STCONFDIR");
        assert_eq!(discover(&told, &environment).expect("found").url, "http://127.0.0.1:9999");
        assert!(matches!(discover(&told, &none), Err(NotFound::Nowhere)));
    }

    #[test]
    fn what_the_configuration_tells_wins() {
        let found = home(CONFIG);
        let key_file = found.path().join("key");
        std::fs::write(&key_file, "other\n").expect("writable");
        let told = Syncthing { home: Some(found.path().to_path_buf()), ..Syncthing::default() };
        assert_eq!(discover(&told, &none).expect("found").key.expose(), "s3cret");
        let told = Syncthing { key_file: Some(key_file), ..told };
        assert_eq!(discover(&told, &none).expect("found").key.expose(), "other");
        let told = Syncthing { home: None, url: Some("http://nas:8384/".into()), ..told };
        assert_eq!(discover(&told, &none).expect("found").url, "http://nas:8384");
        let told = Syncthing { key_file: None, ..told };
        assert!(matches!(discover(&told, &none), Err(NotFound::NoKey { .. })));
        let given = |name: &str| (name == "CREDENTIALS_DIRECTORY").then(|| OsString::from(found.path()));
        std::fs::write(found.path().join(CREDENTIAL), "from-systemd").expect("writable");
        assert_eq!(discover(&told, &given).expect("found").key.expose(), "from-systemd");
    }

    #[test]
    fn what_is_wrong_is_named_and_the_key_is_not() {
        let broken = home("<configuration><gui><apikey>s3cret</apikey></gui>");
        let told = Syncthing { home: Some(broken.path().to_path_buf()), ..Syncthing::default() };
        let wrong = discover(&told, &none).expect_err("no XML");
        assert!(matches!(wrong, NotFound::NotXml { .. }), "{wrong}");
        assert!(!format!("{wrong:?} {wrong}").contains("s3cret"));
        let tls = home(&CONFIG.replace("tls=\"false\"", "tls=\"true\""));
        let told = Syncthing { home: Some(tls.path().to_path_buf()), ..Syncthing::default() };
        assert!(matches!(discover(&told, &none), Err(NotFound::Unreadable { .. })), "its certificate is missing");
        let keyless = home(&CONFIG.replace("s3cret", ""));
        let told = Syncthing { home: Some(keyless.path().to_path_buf()), ..Syncthing::default() };
        assert!(matches!(discover(&told, &none), Err(NotFound::Missing { what: "gui apikey", .. })));
    }
}
