//! `slapos.cfg`, as far as `slapos proxy` reads it: sections `[slapos]`, `[slapproxy]` and
//! `[multimaster/URL]`.
//!
//! slapproxy takes an option from whichever of the first two has it first, in the order of the
//! file, and counts an empty value as none; so is it here (slapos.core 1.26.1, seen by running
//! it). What slapproxy itself would not start with is refused, with file and line; what it has and
//! slapmaster has not becomes a warning. Start with [`SlaposCfg::read`].

pub mod ini;

use std::{
    collections::BTreeMap,
    fmt, fs,
    path::{Path, PathBuf},
};

use crate::{
    domain::{
        forwarding::OtherMaster,
        identifier::{
            ComputerReference, PartitionAddress, PartitionReference, ProductReference,
            SoftwareReleaseUri,
        },
        local_release::ReleaseRoot,
        text::{InvalidValue, nearest},
    },
    net::Endpoint,
};

use self::ini::{Ini, IniError, IniOption, Section};

/// What is behind the name of slapproxy's database in the name of ours.
const OURS: &str = ".slapmaster";

/// The options of `[slapos]` and `[slapproxy]` that mean something here.
const OPTIONS: [&str; 6] = [
    "host",
    "port",
    "database_uri",
    "computer_id",
    "software_product_list",
    "local_software_release_root",
];

/// Options of slapproxy that mean nothing here, by how they begin, and what to say of them.
/// (slapproxy's example spells some with dashes.)
const WITHOUT_MEANING: [(&str, &str); 4] = [
    ("log_file", "logs go to standard error, redirect that"),
    ("public_directory_path", "no public directory is served"),
    ("shacache_", "no networkcache is served"),
    ("shacache-", "no networkcache is served"),
];

/// The options of `[multimaster/URL]`.
const MASTER_OPTIONS: [&str; 5] = [
    "key",
    "cert",
    "software_release_list",
    "computer",
    "partition",
];

/// What begins the name of a section about another master.
const MASTER_SECTION: &str = "multimaster/";

/// How many letters an option of `[slapos]` may differ by from one of ours to be taken for it
/// misspelt: that section is other commands' too, so that most of it is none of our business.
const MISSPELT: usize = 2;

/// What a `slapos.cfg` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlaposCfg {
    /// The file.
    pub path: PathBuf,
    /// Where slapproxy would listen; none without a port.
    pub listen: Option<Endpoint>,
    /// The database of slapproxy.
    pub database: Option<PathBuf>,
    /// The computer that is there without being formatted.
    pub computer: Option<ComputerReference>,
    /// The folder that local releases are below.
    pub release_root: ReleaseRoot,
    /// Software products, each with its one release.
    pub products: Vec<(ProductReference, SoftwareReleaseUri)>,
    /// Other masters, in the order of the file.
    pub other_masters: Vec<OtherMaster>,
    /// What is there without effect.
    pub warnings: Vec<String>,
}

/// Why a `slapos.cfg` is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SlaposCfgError {
    /// The file cannot be read.
    #[error("cannot read `{}`: {reason}; give --slapos-cfg the file that `slapos proxy` is started with", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// Something in it is wrong.
    #[error("{}:{line}: {problem}", path.display())]
    Wrong {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What, and what was expected.
        problem: String,
    },
    /// Something is not in it.
    #[error("`{}`: {problem}", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
        /// What, and what to do.
        problem: String,
    },
}

/// Something wrong, and the line.
struct Wrong(usize, String);

/// What has no effect, by line.
#[derive(Default)]
struct Warnings(Vec<(usize, String)>);

impl Warnings {
    fn add(&mut self, line: usize, text: String) {
        self.0.push((line, text));
    }

    /// In the order of the file.
    fn of_file(mut self, path: &Path) -> Vec<String> {
        self.0.sort();
        self.0
            .into_iter()
            .map(|(line, text)| format!("{}:{line}: {text}", path.display()))
            .collect()
    }
}

impl From<IniError> for Wrong {
    fn from(error: IniError) -> Self {
        Self(error.line, error.to_string())
    }
}

impl SlaposCfg {
    /// Reads a file.
    pub fn read(path: &Path) -> Result<Self, SlaposCfgError> {
        let text = fs::read_to_string(path).map_err(|error| SlaposCfgError::Unreadable {
            path: path.to_owned(),
            reason: error.to_string(),
        })?;
        Self::parse(path, &text)
    }

    /// Reads the text of a file. Paths in it that are not absolute are below the working
    /// directory, as for slapproxy.
    pub fn parse(path: &Path, text: &str) -> Result<Self, SlaposCfgError> {
        let wrong = |Wrong(line, problem)| SlaposCfgError::Wrong {
            path: path.to_owned(),
            line,
            problem,
        };
        let ini = Ini::parse(text).map_err(|error| wrong(error.into()))?;
        if !ini.sections().iter().any(is_slapproxys) {
            let names = ini.sections().iter().map(|section| section.name.as_str());
            let perhaps = nearest("slapproxy", names)
                .map(|name| format!(", only `[{name}]`: is that misspelt?"))
                .unwrap_or_default();
            return Err(SlaposCfgError::Missing {
                path: path.to_owned(),
                problem: format!(
                    "there is neither a section `[slapproxy]` nor a section `[slapos]`{perhaps}"
                ),
            });
        }
        Self::of(path, &ini).map_err(wrong)
    }

    fn of(path: &Path, ini: &Ini) -> Result<Self, Wrong> {
        let mut warnings = Warnings::default();
        let mut options: BTreeMap<String, IniOption> = BTreeMap::new();
        let mut other_masters = Vec::new();
        for section in ini.sections() {
            if is_slapproxys(section) {
                for option in ini.options(section)? {
                    if !option.inherited {
                        check_option(section, &option, &mut warnings)?;
                    }
                    if !option.value.is_empty() {
                        options.entry(option.name.clone()).or_insert(option);
                    }
                }
            } else if let Some(url) = section.name.strip_prefix(MASTER_SECTION) {
                let options = ini.options(section)?;
                other_masters.push(other_master(section, url, &options, &mut warnings)?);
            }
        }
        let get = |name: &str| options.get(name);
        Ok(Self {
            path: path.to_owned(),
            listen: listen(get("host"), get("port"))?,
            database: get("database_uri").map(|option| PathBuf::from(&option.value)),
            computer: get("computer_id").map(computer).transpose()?,
            release_root: get("local_software_release_root")
                .map_or_else(|| Ok(ReleaseRoot::default()), release_root)?,
            products: match get("software_product_list") {
                Some(option) => products(option, &mut warnings)?,
                None => Vec::new(),
            },
            other_masters,
            warnings: warnings.of_file(path),
        })
    }

    /// The file of our own world beside slapproxy's database.
    pub fn own_database(&self) -> Option<PathBuf> {
        self.database.as_ref().map(|path| {
            let mut name = path.clone().into_os_string();
            name.push(OURS);
            PathBuf::from(name)
        })
    }

    /// What it says that no setting of a flag's name says, as options and values.
    pub fn shown(&self) -> Vec<(String, String)> {
        let mut shown = Vec::new();
        if let Some(database) = &self.database {
            shown.push(("database_uri".to_owned(), database.display().to_string()));
        }
        let root = self.release_root.as_path().display().to_string();
        shown.push(("local_software_release_root".to_owned(), root));
        for (product, release) in &self.products {
            shown.push((
                "software_product_list".to_owned(),
                format!("{product} {release}"),
            ));
        }
        for master in &self.other_masters {
            let releases = master.releases.iter().map(SoftwareReleaseUri::as_str);
            let words: Vec<&str> = std::iter::once(master.url.as_str())
                .chain(releases)
                .collect();
            shown.push(("multimaster".to_owned(), words.join(" ")));
        }
        shown
    }

    /// A refusal of a file that lacks an option which no flag replaces.
    pub(super) fn lacks(&self, option: &str, what: &str, flag: &str) -> SlaposCfgError {
        SlaposCfgError::Missing {
            path: self.path.clone(),
            problem: format!(
                "neither `[slapproxy]` nor `[slapos]` has an option `{option}`, {what}: write it \
                 there, or give --{flag}"
            ),
        }
    }
}

/// Whether slapproxy looks for its options in the section.
fn is_slapproxys(section: &Section) -> bool {
    ["slapos", "slapproxy"].contains(&section.name.as_str())
}

/// Refuses an option that nobody knows, or warns of one that does nothing.
fn check_option(
    section: &Section,
    option: &IniOption,
    warnings: &mut Warnings,
) -> Result<(), Wrong> {
    let name = option.name.as_str();
    if OPTIONS.contains(&name) {
        return Ok(());
    }
    if let Some((_, why)) = WITHOUT_MEANING
        .iter()
        .find(|(begin, _)| name.starts_with(begin))
    {
        if !option.value.is_empty() {
            warnings.add(option.line, format!("`{name}` has no effect: {why}"));
        }
        return Ok(());
    }
    if section.name == "slapproxy" {
        return Err(unknown(section, option, &OPTIONS));
    }
    let misspelt = OPTIONS
        .iter()
        .any(|known| strsim::osa_distance(name, known) <= MISSPELT);
    if misspelt {
        return Err(unknown(section, option, &OPTIONS));
    }
    Ok(())
}

fn unknown(section: &Section, option: &IniOption, known: &'static [&'static str]) -> Wrong {
    let perhaps = nearest(&option.name, known.iter().copied()).map_or_else(
        || format!("; it can have `{}`", known.join("`, `")),
        |near| format!(", perhaps `{near}`"),
    );
    Wrong(
        option.line,
        format!(
            "section `[{}]` has no option `{}`{perhaps}",
            section.name, option.name
        ),
    )
}

fn refused(option: &IniOption, why: impl fmt::Display) -> Wrong {
    Wrong(
        option.line,
        format!("{}: `{}`: {why}", option.name, option.value),
    )
}

/// A value that has to be legal in the protocol.
fn legal<T>(
    option: &IniOption,
    text: &str,
    parse: impl Fn(&str, &str) -> Result<T, InvalidValue>,
) -> Result<T, Wrong> {
    parse(&option.name, text).map_err(|invalid| refused(option, invalid.reason))
}

fn listen(host: Option<&IniOption>, port: Option<&IniOption>) -> Result<Option<Endpoint>, Wrong> {
    let port = match port {
        None => None,
        Some(port) => {
            let expected = "expected a port, from 0 to 65535";
            Some(
                port.value
                    .parse::<u16>()
                    .map_err(|_| refused(port, expected))?,
            )
        }
    };
    let name = host.map_or("127.0.0.1", |host| host.value.as_str());
    let bracketed = if name.contains(':') && !name.starts_with('[') {
        format!("[{name}]")
    } else {
        name.to_owned()
    };
    let endpoint = format!("http://{bracketed}:{}", port.unwrap_or_default()).parse();
    match (endpoint, host) {
        (Ok(endpoint), _) => Ok(port.map(|_| endpoint)),
        (Err(_), Some(host)) => Err(refused(
            host,
            "expected an IP address, for example `127.0.0.1` or `::1`, or `localhost`",
        )),
        (Err(_), None) => Ok(None),
    }
}

fn computer(option: &IniOption) -> Result<ComputerReference, Wrong> {
    legal(option, &option.value, ComputerReference::parse)
}

fn release_root(option: &IniOption) -> Result<ReleaseRoot, Wrong> {
    std::path::absolute(&option.value)
        .ok()
        .and_then(|path| ReleaseRoot::new(&path))
        .ok_or_else(|| refused(option, "expected the path of a folder"))
}

/// `reference url` a line; of a reference that is there twice the last one counts.
fn products(
    option: &IniOption,
    warnings: &mut Warnings,
) -> Result<Vec<(ProductReference, SoftwareReleaseUri)>, Wrong> {
    let mut products: Vec<(ProductReference, SoftwareReleaseUri)> = Vec::new();
    for line in option.value.lines().filter(|line| !line.is_empty()) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [reference, url] = words[..] else {
            return Err(Wrong(
                option.line,
                format!(
                    "{}: `{line}`: expected the reference of a product and the URL of its \
                     release, a blank between them",
                    option.name
                ),
            ));
        };
        let reference = legal(option, reference, ProductReference::parse)?;
        let url = legal(option, url, SoftwareReleaseUri::parse)?;
        match products.iter_mut().find(|(known, _)| *known == reference) {
            Some((_, known)) => {
                let text = format!("product `{reference}` is there twice: the last one counts");
                warnings.add(option.line, text);
                *known = url;
            }
            None => products.push((reference, url)),
        }
    }
    Ok(products)
}

fn other_master(
    section: &Section,
    url: &str,
    options: &[IniOption],
    warnings: &mut Warnings,
) -> Result<OtherMaster, Wrong> {
    if url.is_empty() {
        return Err(Wrong(
            section.line,
            format!(
                "`[{}]` names no master: write its URL behind the slash",
                section.name
            ),
        ));
    }
    for option in options.iter().filter(|option| !option.inherited) {
        if !MASTER_OPTIONS.contains(&option.name.as_str()) {
            return Err(unknown(section, option, &MASTER_OPTIONS));
        }
    }
    let get = |name: &str| {
        options
            .iter()
            .find(|option| option.name == name && !option.value.is_empty())
    };
    let file = |name: &str| get(name).map(|option| PathBuf::from(&option.value));
    let mut releases = Vec::new();
    if let Some(option) = get("software_release_list") {
        for line in option.value.lines().map(str::trim) {
            if !line.is_empty() {
                releases.push(legal(option, line, SoftwareReleaseUri::parse)?);
            }
        }
    }
    let requester = match (get("computer"), get("partition")) {
        (Some(computer_option), Some(partition)) => Some(PartitionAddress {
            computer: computer(computer_option)?,
            partition: legal(partition, &partition.value, PartitionReference::parse)?,
        }),
        (None, None) => None,
        (Some(alone), None) | (None, Some(alone)) => {
            let text = format!(
                "`{}` has no effect: only `computer` and `partition` together have",
                alone.name
            );
            warnings.add(alone.line, text);
            None
        }
    };
    let (certificate, key) = (file("cert"), file("key"));
    if url.starts_with("https") && (certificate.is_none() || key.is_none()) {
        let text = format!(
            "`[{}]` has no `cert` and `key`, without which nothing is forwarded to an https URL",
            section.name
        );
        warnings.add(section.line, text);
    }
    Ok(OtherMaster {
        url: url.to_owned(),
        certificate,
        key,
        releases,
        requester,
    })
}

#[cfg(test)]
mod tests;
