//! Everything that the hosts of a run hold.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use crate::config::LoadFailure;
use crate::host::protocol::SubtestInfo;
use crate::host::{BrokenPlugin, HostProgram, ListFailure, NoPlugin};
use crate::name::SubtestName;
use crate::version::ApiVersion;

use super::gather::Brought;

/// The subtests of all hosts, by name.
///
/// ```
/// use dockertest::host::HostProgram;
/// use dockertest::run::Catalog;
///
/// # let script = r#"echo '{"hello":{"protocol":1,"api-version":"0.9.0","program":"my-subtests 1.0"}}
/// # {"subtest":{"name":"subexample","subsubtests":["one","two"]}}
/// # {"listed":{"subtests":1}}'"#;
/// # let host = HostProgram::new("/bin/sh").arguments(["-c", script]);
/// let catalog = Catalog::ask(&[host])?;
/// let names: Vec<_> = catalog.all_names().collect();
/// assert_eq!(names, ["subexample", "subexample/one", "subexample/two"]);
/// assert_eq!(catalog.get(&"subexample".parse()?).map(|entry| entry.host), Some(0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Catalog {
    pub(super) entries: BTreeMap<SubtestName, Entry>,
    pub(super) hosts: Vec<HostProgram>,
    /// How many of the hosts are no plug-ins.
    pub(super) own: usize,
    pub(super) brought: Vec<Brought>,
    pub(super) broken: Vec<BrokenPlugin>,
}

/// A subtest and who holds it.
///
/// ```
/// use dockertest::host::HostProgram;
/// use dockertest::run::{Catalog, Entry};
///
/// # let script = r#"echo '{"hello":{"protocol":1,"api-version":"0.9.0","program":"my-subtests 1.0"}}
/// # {"subtest":{"name":"subexample","subsubtests":["one","two"]}}
/// # {"listed":{"subtests":1}}'"#;
/// # let host = HostProgram::new("/bin/sh").arguments(["-c", script]);
/// let catalog = Catalog::ask(&[host])?;
/// let Entry { info, host, api_version, .. } = catalog.get(&"subexample".parse()?).expect("the host holds it");
/// assert_eq!(catalog.hosts()[*host].path, std::path::Path::new("/bin/sh"));
/// assert_eq!((info.subsubtests.len(), api_version.to_string().as_str()), (2, "0.9.0"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry {
    /// What its host says about it.
    pub info: SubtestInfo,
    /// The index of its host in [`Catalog::hosts`].
    pub host: usize,
    /// The API version that its host was written for.
    pub api_version: ApiVersion,
}

/// Hosts did not list their subtests, or list the same one.
///
/// Everything that is wrong is told at once:
///
/// ```
/// use dockertest::host::HostProgram;
/// use dockertest::run::Catalog;
///
/// let hosts = [HostProgram::new("/no/such/host"), HostProgram::new("/bin/echo")];
/// let failure = Catalog::ask(&hosts).unwrap_err();
/// assert_eq!(failure.problems.len(), 2);
/// assert_eq!(failure.to_string().lines().count(), 2);
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct CatalogFailure {
    /// What is wrong, host by host.
    pub problems: Vec<CatalogProblem>,
}

/// What is wrong with a host's list.
///
/// ```
/// use dockertest::host::HostProgram;
/// use dockertest::run::{Catalog, CatalogProblem};
///
/// # let script = r#"echo '{"hello":{"protocol":1,"api-version":"0.9.0","program":"my-subtests 1.0"}}
/// # {"subtest":{"name":"subexample","subsubtests":["one","two"]}}
/// # {"listed":{"subtests":1}}'"#;
/// # let host = HostProgram::new("/bin/sh").arguments(["-c", script]);
/// let failure = Catalog::ask(&[host.clone(), host]).unwrap_err();
/// assert!(matches!(failure.problems[0], CatalogProblem::Duplicate { .. }));
/// assert!(failure.to_string().starts_with("subtest `subexample` is in two hosts: `/bin/sh` and `/bin/sh`"));
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CatalogProblem {
    /// There is no list.
    #[error(transparent)]
    List(ListFailure),
    /// What was named as a plug-in is none.
    #[error(transparent)]
    NoPlugin(NoPlugin),
    /// A host that is no plug-in brings defaults that cannot be used.
    #[error("`{host}` brings defaults that cannot be used:\n{}", failure.render())]
    Configuration {
        /// The host.
        host: String,
        /// What is wrong with them.
        failure: LoadFailure,
    },
    /// A name is taken.
    #[error("subtest `{name}` is in two hosts: `{first}` and `{second}` (rename one of them, or leave one host out)")]
    Duplicate {
        /// The name.
        name: SubtestName,
        /// The program of the host that came first.
        first: String,
        /// The program of the other one.
        second: String,
    },
}

impl fmt::Display for CatalogFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            write!(f, "{}{problem}", if index == 0 { "" } else { "\n" })?;
        }
        Ok(())
    }
}

impl std::error::Error for CatalogFailure {}

impl Catalog {
    /// The hosts, plug-ins last.
    #[must_use]
    pub fn hosts(&self) -> &[HostProgram] {
        &self.hosts
    }

    /// The file of the plug-in that holds a subtest; nothing if a host of our own does.
    #[must_use]
    pub fn plugin(&self, entry: &Entry) -> Option<&Path> {
        self.hosts.get(entry.host).filter(|_| entry.host >= self.own).map(HostProgram::shown)
    }

    /// Plug-ins whose subtests are not known, because something is wrong with them.
    #[must_use]
    pub fn broken(&self) -> &[BrokenPlugin] {
        &self.broken
    }

    /// Adds a subtest; gives back its name and the host that holds it already, if one does.
    pub(super) fn add(&mut self, entry: Entry) -> Result<(), (SubtestName, usize)> {
        if let Some(first) = self.entries.get(&entry.info.name) {
            return Err((entry.info.name, first.host));
        }
        self.entries.insert(entry.info.name.clone(), entry);
        Ok(())
    }

    /// The subtest of that name.
    #[must_use]
    pub fn get(&self, name: &SubtestName) -> Option<&Entry> {
        self.entries.get(name)
    }

    /// Why a name may be unknown although there is such a subtest; empty if all hosts are fine.
    pub(crate) fn why_incomplete(&self) -> String {
        if self.broken.is_empty() {
            return String::new();
        }
        let files: Vec<String> = self.broken.iter().map(|broken| format!("`{}`", broken.file.display())).collect();
        format!("\nnot all names are known, because something is wrong with a plug-in: {}", files.join(", "))
    }

    /// All subtests, of every kind, in the order of their names.
    ///
    /// ```
    /// # use dockertest::{host::HostProgram, run::Catalog};
    /// # let script = r#"echo '{"hello":{"protocol":1,"api-version":"0.9.0","program":"my-subtests 1.0"}}
    /// # {"subtest":{"name":"docker_cli/version","summary":"Checks `docker version`"}}
    /// # {"subtest":{"name":"docker_cli/kill"}}
    /// # {"listed":{"subtests":2}}'"#;
    /// # let host = HostProgram::new("/bin/sh").arguments(["-c", script]);
    /// let catalog = Catalog::ask(&[host])?;
    /// let names: Vec<_> = catalog.subtests().map(|info| info.name.as_str()).collect();
    /// assert_eq!(names, ["docker_cli/kill", "docker_cli/version"]);
    /// # Ok::<(), dockertest::run::CatalogFailure>(())
    /// ```
    pub fn subtests(&self) -> impl Iterator<Item = &SubtestInfo> {
        self.entries.values().map(|entry| &entry.info)
    }

    /// The names of all subtests and sub-subtests.
    pub fn all_names(&self) -> impl Iterator<Item = String> {
        self.subtests().flat_map(SubtestInfo::names)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::name::Kind;
    use crate::version::API_VERSION;

    /// A catalog of all kinds, with sub-subtests `a` and `b` of `docker_cli/kill`.
    pub(in crate::run) fn catalog() -> Catalog {
        let mut catalog = Catalog::default();
        for (name, kind, children) in [
            ("pre", Kind::Pretest, ""),
            ("pre_example", Kind::Pretest, ""),
            ("docker_cli/version", Kind::Subtest, ""),
            ("docker_cli/kill", Kind::Subtest, "a b"),
            ("example", Kind::Subtest, ""),
            ("zeta", Kind::Subtest, ""),
            ("intra", Kind::Intratest, ""),
            ("post", Kind::Posttest, ""),
        ] {
            let info = SubtestInfo {
                name: name.parse().unwrap(),
                kind,
                summary: String::new(),
                subsubtests: children.split_whitespace().map(str::to_owned).collect(),
                needs_engine: false,
                faults: Vec::new(),
            };
            catalog.add(Entry { info, host: 0, api_version: API_VERSION }).unwrap();
        }
        catalog
    }

    #[test]
    fn a_name_in_two_hosts_is_refused() {
        let mut catalog = catalog();
        let mut again = catalog.get(&"zeta".parse().unwrap()).unwrap().clone();
        again.host = 1;
        assert_eq!(catalog.add(again), Err(("zeta".parse().unwrap(), 0)));
    }
}
