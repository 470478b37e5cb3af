//! Where a user keeps what is the user's, and we keep what can be made again: the folders of the XDG base directory
//! specification.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The folder with the user's plug-ins.
pub(crate) fn plugins(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    Some(base(variable, "XDG_DATA_HOME", ".local/share")?.join("dockertest/plugins"))
}

/// The folder for their lists.
pub(crate) fn plugin_lists(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    Some(base(variable, "XDG_CACHE_HOME", ".cache")?.join("dockertest/plugins"))
}

/// The folder with the user's builds of engines.
pub(crate) fn engines(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    Some(base(variable, "XDG_DATA_HOME", ".local/share")?.join("dockertest/engines"))
}

/// The folder for lists of packages.
pub(crate) fn package_lists(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    Some(base(variable, "XDG_CACHE_HOME", ".cache")?.join("dockertest/packages"))
}

/// The folder for data folders of engines with images in them.
pub(crate) fn templates(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    Some(base(variable, "XDG_CACHE_HOME", ".cache")?.join("dockertest/templates"))
}

/// The folder that a variable names, or else one in the user's home. One that is not absolute does not count, says the
/// specification.
fn base(variable: impl Fn(&str) -> Option<OsString>, name: &str, in_home: &str) -> Option<PathBuf> {
    let folder = |name: &str| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
    folder(name).or_else(|| Some(folder("HOME")?.join(Path::new(in_home))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_where_the_specification_has_them() {
        let set = |pairs: &'static [(&str, &str)]| {
            move |name: &str| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| value.into())
        };
        let home = set(&[("HOME", "/home/me")]);
        assert_eq!(plugins(home), Some("/home/me/.local/share/dockertest/plugins".into()));
        assert_eq!(plugin_lists(home), Some("/home/me/.cache/dockertest/plugins".into()));
        assert_eq!(engines(home), Some("/home/me/.local/share/dockertest/engines".into()));
        assert_eq!(package_lists(home), Some("/home/me/.cache/dockertest/packages".into()));
        let named = set(&[("HOME", "/home/me"), ("XDG_DATA_HOME", "/d"), ("XDG_CACHE_HOME", "relative")]);
        assert_eq!(plugins(named), Some("/d/dockertest/plugins".into()));
        assert_eq!(plugin_lists(named), Some("/home/me/.cache/dockertest/plugins".into()));
        assert_eq!(plugin_lists(set(&[("HOME", "")])), None);
    }
}
