//! What was written for all settings: on the command line, in the environment, and, below these,
//! in a `slapos.cfg` that one of them names.

use crate::domain::{behaviour::Preset, identifier::ComputerReference};

use super::{Given, Raw, Reader, SettingError, Source, slapos_cfg::SlaposCfg, value::path};

/// The values of all settings by name, completed by a `slapos.cfg`.
#[derive(Debug, Clone)]
pub struct Written {
    /// As they were written.
    pub raw: Raw,
    /// The file that completed them, with what it says beside them.
    pub slapos_cfg: Option<SlaposCfg>,
}

impl Written {
    /// Reads the `slapos.cfg`, if one is named, and puts what it says where nothing else was said.
    ///
    /// It has to say what slapproxy would not start without, unless that is said elsewhere.
    pub fn complete(raw: &Raw) -> Result<Self, SettingError> {
        let mut raw = raw.clone();
        let Some(file) = Reader(&raw).one("slapos-cfg", path)? else {
            return Ok(Self {
                raw,
                slapos_cfg: None,
            });
        };
        let cfg = SlaposCfg::read(&file)?;
        let own_database = cfg.own_database();
        let said = [
            (
                "listen",
                cfg.listen.as_ref().map(ToString::to_string),
                Some(("port", "where to listen")),
            ),
            (
                "database",
                own_database.map(|path| path.to_string_lossy().into_owned()),
                Some(("database_uri", "the database")),
            ),
            (
                "default-computer",
                cfg.computer
                    .as_ref()
                    .map(|computer| ComputerReference::as_str(computer).to_owned()),
                Some(("computer_id", "the computer that requests are for")),
            ),
            ("preset", Some(Preset::Slapproxy.to_string()), None),
        ];
        for (setting, value, needed) in said {
            let said_elsewhere = raw
                .get(setting)
                .is_some_and(|given| given.source != Source::Default);
            if said_elsewhere {
                continue;
            }
            match (value, needed) {
                (Some(value), _) => {
                    let values = vec![value];
                    let source = Source::SlaposCfg;
                    raw.insert(setting, Given { values, source });
                }
                (None, Some((option, what))) => {
                    return Err(cfg.lacks(option, what, setting).into());
                }
                (None, None) => {}
            }
        }
        Ok(Self {
            raw,
            slapos_cfg: Some(cfg),
        })
    }
}
