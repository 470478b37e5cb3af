//! Everything that the hosts of a run hold.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use crate::host::discovery::{LIST_LIMIT, ask_all};
use crate::host::protocol::SubtestInfo;
use crate::host::{BrokenPlugin, HostProgram, ListFailure, Listing, NoPlugin, Plugins};
use crate::name::SubtestName;
use crate::version::ApiVersion;

/// The subtests of all hosts, by name.
///
/// ```
/// use dockertest::host::HostProgram;
/// use dockertest::run::Catalog;
///
/// # let script = r#"echo '{"hello":{"protocol":1,"api-version":"0.9.0","program":"my-subtests 1.0"}}
/// # {"subtest":{"name":"subexample","subsubtests":["one","two"]}}
/// # {"listed":{"subtests":1}}'"#;
/// # let host = HostProgram { path: "/bin/sh".into(), arguments: vec!["-c".into(), script.into()] };
/// let catalog = Catalog::ask(&[host])?;
/// let names: Vec<_> = catalog.all_names().collect();
/// assert_eq!(names, ["subexample", "subexample/one", "subexample/two"]);
/// assert_eq!(catalog.get(&"subexample".parse()?).map(|entry| entry.host), Some(0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Catalog {
    entries: BTreeMap<SubtestName, Entry>,
    hosts: Vec<HostProgram>,
    broken: Vec<BrokenPlugin>,
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
/// # let host = HostProgram { path: "/bin/sh".into(), arguments: vec!["-c".into(), script.into()] };
/// let catalog = Catalog::ask(&[host])?;
/// let Entry { info, host, api_version } = catalog.get(&"subexample".parse()?).expect("the host holds it");
/// assert_eq!(catalog.hosts()[*host].path, std::path::Path::new("/bin/sh"));
/// assert_eq!((info.subsubtests.len(), api_version.to_string().as_str()), (2, "0.9.0"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
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
/// # let host = HostProgram { path: "/bin/sh".into(), arguments: vec!["-c".into(), script.into()] };
/// let failure = Catalog::ask(&[host.clone(), host]).unwrap_err();
/// assert!(matches!(failure.problems[0], CatalogProblem::Duplicate { .. }));
/// assert!(failure.to_string().starts_with("subtest `subexample` is in two hosts: `/bin/sh` and `/bin/sh`"));
/// ```
#[derive(Debug, thiserror::Error)]
pub enum CatalogProblem {
    /// There is no list.
    #[error(transparent)]
    List(ListFailure),
    /// What was named as a plug-in is none.
    #[error(transparent)]
    NoPlugin(NoPlugin),
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

fn timed(hosts: &[HostProgram], limit: Duration) -> Vec<(&HostProgram, Duration)> {
    hosts.iter().map(|host| (host, limit)).collect()
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
    /// Asks every host for its list; the hosts work at the same time.
    ///
    /// # Errors
    /// All hosts that do not answer, and all names that two of them hold.
    pub fn ask(hosts: impl Into<Vec<HostProgram>>) -> Result<Catalog, CatalogFailure> {
        let hosts = hosts.into();
        let answers = ask_all(&timed(&hosts, LIST_LIMIT));
        Catalog::of(hosts, Vec::new(), answers)
    }

    /// The same with plug-ins, which come after the hosts. One that does not answer as it should is
    /// [left out](Catalog::broken).
    ///
    /// # Errors
    /// As [`ask`](Catalog::ask), and a plug-in that was named and is none.
    ///
    /// ```
    /// # use dockertest::host::{HostProgram, Plugins};
    /// # use dockertest::run::Catalog;
    /// # let folder = tempfile::tempdir()?;
    /// # let broken = folder.path().join("broken.so");
    /// std::fs::write(&broken, "This is no library.")?;
    /// let plugins = Plugins::new(HostProgram::new("/bin/false")).named(&broken, "--plugin");
    /// let catalog = Catalog::with_plugins(&[], &plugins)?;
    /// assert_eq!(catalog.broken()[0].file, broken);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn with_plugins(hosts: &[HostProgram], plugins: &Plugins) -> Result<Catalog, CatalogFailure> {
        let found = plugins.find().map_err(|none| CatalogFailure { problems: vec![CatalogProblem::NoPlugin(none)] })?;
        let asked = [timed(hosts, LIST_LIMIT), timed(&found, plugins.list_limit())].concat();
        let mut answers = ask_all(&asked);
        let of_plugins = answers.split_off(hosts.len());
        let (mut programs, mut broken) = (hosts.to_vec(), Vec::new());
        for (program, answer) in found.into_iter().zip(of_plugins) {
            match answer {
                Err(failure) => {
                    broken.push(BrokenPlugin { file: program.shown().to_owned(), problem: failure.to_string() });
                }
                Ok(listing) => {
                    programs.push(program);
                    answers.push(Ok(listing));
                }
            }
        }
        Catalog::of(programs, broken, answers)
    }

    fn of(
        hosts: Vec<HostProgram>,
        broken: Vec<BrokenPlugin>,
        answers: Vec<Result<Listing, ListFailure>>,
    ) -> Result<Catalog, CatalogFailure> {
        let mut catalog = Catalog { hosts, broken, ..Catalog::default() };
        let mut problems = Vec::new();
        for (host, answer) in answers.into_iter().enumerate() {
            match answer {
                Err(failure) => problems.push(CatalogProblem::List(failure)),
                Ok(listing) => {
                    for info in listing.subtests {
                        let entry = Entry { info, host, api_version: listing.hello.api_version };
                        if let Err((name, first)) = catalog.add(entry) {
                            let (first, second) = (catalog.shown(first), catalog.shown(host));
                            problems.push(CatalogProblem::Duplicate { name, first, second });
                        }
                    }
                }
            }
        }
        if problems.is_empty() { Ok(catalog) } else { Err(CatalogFailure { problems }) }
    }

    fn shown(&self, host: usize) -> String {
        self.hosts.get(host).map(|host| host.shown().display().to_string()).unwrap_or_default()
    }

    /// The hosts, plug-ins last.
    #[must_use]
    pub fn hosts(&self) -> &[HostProgram] {
        &self.hosts
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

    /// All subtests, of every kind, in the order of their names.
    ///
    /// ```
    /// # use dockertest::{host::HostProgram, run::Catalog};
    /// # let script = r#"echo '{"hello":{"protocol":1,"api-version":"0.9.0","program":"my-subtests 1.0"}}
    /// # {"subtest":{"name":"docker_cli/version","summary":"Checks `docker version`"}}
    /// # {"subtest":{"name":"docker_cli/kill"}}
    /// # {"listed":{"subtests":2}}'"#;
    /// # let host = HostProgram { path: "/bin/sh".into(), arguments: vec!["-c".into(), script.into()] };
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
        self.subtests().flat_map(|info| {
            let children = info.subsubtests.iter().map(|child| format!("{}/{child}", info.name));
            std::iter::once(info.name.to_string()).chain(children)
        })
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
