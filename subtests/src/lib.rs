//! The bundled subtests.
//!
//! Each is a folder below `pretests`, `subtests`, `intratests` or `posttests` of this package, with a module of the
//! same name in it; the build script finds them. The folder's place is the subtest's name.

mod protected;

use std::ffi::OsString;
use std::process::ExitCode;

use dockertest::config::BuiltInFile;

mod life;
mod md5sum;

include!(concat!(env!("OUT_DIR"), "/tree.rs"));

/// The shipped configuration, compiled in: every option with its default and a comment.
pub const CONFIG_DEFAULTS: &[BuiltInFile] = include!(concat!(env!("OUT_DIR"), "/config_defaults.rs"));

/// Serves as a host of the bundled subtests. The arguments are those after the program's name.
pub fn host_main(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    dockertest::host::serve::main(concat!("dockertest-host ", env!("CARGO_PKG_VERSION")), arguments)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use dockertest::config::{Layers, Source};
    use dockertest::subtest::registered;

    use super::*;

    #[test]
    fn every_subtest_has_its_own_name_and_a_summary() {
        let mut names = BTreeSet::new();
        for registration in registered() {
            let info = registration.info().unwrap();
            assert!(!info.summary.is_empty(), "{} has no summary", info.name);
            assert!(names.insert((info.kind, info.name.clone())), "{} is there twice", info.name);
        }
        assert!(names.len() >= 6, "{names:?}");
    }

    #[test]
    fn every_subtest_has_a_section_in_the_shipped_configuration() {
        let configuration = Layers::new().defaults(Source::BuiltIn(CONFIG_DEFAULTS)).load().unwrap();
        for registration in registered() {
            let (_, name) = registration.place().unwrap();
            assert!(configuration.has_section(name.as_str()), "no file in config_defaults has a section [{name}]");
        }
    }
}
