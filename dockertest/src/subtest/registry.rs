//! Which subtests a program holds. A subtest registers itself by the place of its module.

use crate::faults::Fault;
use crate::host::protocol::SubtestInfo;
use crate::name::{BadName, Kind, SubtestName};
use crate::subtest::Subtest;

/// A registered subtest. Made by [`subtest!`](crate::subtest!).
///
/// ```
/// use dockertest::prelude::*;
/// use dockertest::subtest::registered;
///
/// #[derive(Default)]
/// struct Version;
/// impl Subtest for Version {}
/// dockertest::subtest!(Version, "Checks the version for this page.");
///
/// let registration = registered().find(|found| found.summary == "Checks the version for this page.").unwrap();
/// assert!(registration.children.is_empty());
/// assert!((registration.make)().needs_engine());
/// ```
// A macro builds it in the crate of the author, with the same library: so it is not `#[non_exhaustive]`.
#[derive(Debug)]
pub struct Registration {
    /// The path of the module in which it stands, with its crate.
    pub module: &'static str,
    /// What it checks, in one line.
    pub summary: &'static str,
    /// The folder of its module, as it was when it was compiled.
    pub folder: Folder,
    /// The last components of its sub-subtests' names.
    pub children: &'static [&'static str],
    /// Makes a fresh one.
    pub make: fn() -> Box<dyn Subtest>,
}

/// A module's folder, in the two parts that the compiler knows.
///
/// ```
/// use std::path::Path;
/// use dockertest::subtest::Folder;
///
/// // As `subtest!` fills it in:
/// let here = Folder { package: env!("CARGO_MANIFEST_DIR"), file: file!() };
/// assert!(Path::new(here.package).is_absolute());
/// ```
// Like `Registration`, built by a macro.
#[derive(Debug, Clone, Copy)]
pub struct Folder {
    /// The folder of the package.
    pub package: &'static str,
    /// The module's file, below the package, below its workspace, or absolute.
    pub file: &'static str,
}

inventory::collect!(Registration);

/// Files that belong to a subtest, compiled in so that they are there without the source tree. Made by
/// [`content!`](crate::content!), and by the build script of the bundled subtests.
///
/// ```
/// use dockertest::subtest::Content;
///
/// let content = Content { module: "subtests::docker_cli::build", files: &[("Dockerfile", b"FROM busybox\n")] };
/// let (path, bytes) = content.files[0];
/// assert_eq!((path, bytes.len()), ("Dockerfile", 13));
/// ```
// Like `Registration`, built by a macro and by build scripts.
#[derive(Debug)]
pub struct Content {
    /// The module of the subtest, as in its [`Registration`].
    pub module: &'static str,
    /// The files, by their path within the module's folder.
    pub files: &'static [(&'static str, &'static [u8])],
}

inventory::collect!(Content);

/// Promises of a subtest that can be broken on purpose, compiled in; see [`Fault`]. Made by
/// [`fault!`](crate::fault!), and by the build script of the bundled subtests.
///
/// ```
/// use dockertest::subtest::Faults;
///
/// const KILL: Faults = Faults {
///     module: "subtests::subtests::docker_cli::kill",
///     files: &[("faults/sends_nothing.sh", "# Sends nothing.\n[ \"$SUBCOMMAND\" = kill ] && exit 0\n")],
/// };
/// dockertest::inventory::submit! { KILL }
/// ```
// Like `Registration`, built by a macro and by build scripts.
#[derive(Debug)]
pub struct Faults {
    /// The module of the subtest, as in its [`Registration`].
    pub module: &'static str,
    /// The scripts, by their path within the module's folder; the file's name without `.sh` is the fault's name.
    pub files: &'static [(&'static str, &'static str)],
}

inventory::collect!(Faults);

impl Faults {
    /// Those of a module.
    fn of(module: &str) -> Vec<Fault> {
        let own = inventory::iter::<Faults>().filter(|faults| faults.module == module);
        let mut faults: Vec<Fault> =
            own.flat_map(|faults| faults.files).map(|(path, script)| fault(path, script)).collect();
        // Those of a macro each come in the order of the linker.
        faults.sort_by(|one, other| one.name.cmp(&other.name));
        faults
    }
}

fn fault(path: &str, script: &str) -> Fault {
    let file = path.rsplit('/').next().unwrap_or(path);
    Fault { name: file.strip_suffix(".sh").unwrap_or(file).to_owned(), script: script.to_owned() }
}

/// Defaults of the options of a subtest, compiled in. Made by [`defaults!`](crate::defaults!).
///
/// ```
/// use dockertest::subtest::Defaults;
///
/// const QUOTA: Defaults = Defaults { file: "disk_quota.ini", text: "[disk_quota]\n# In MB.\nlimit = 10\n" };
/// dockertest::inventory::submit! { QUOTA }
/// ```
// Like `Registration`, built by a macro.
#[derive(Debug)]
pub struct Defaults {
    /// The file's path below the module's folder.
    pub file: &'static str,
    /// What is in it.
    pub text: &'static str,
}

inventory::collect!(Defaults);

/// The defaults that are compiled into this program, in the order of their files' names.
pub(crate) fn defaults() -> Vec<&'static Defaults> {
    let mut all: Vec<&Defaults> = inventory::iter::<Defaults>().collect();
    all.sort_by_key(|defaults| defaults.file);
    all
}

/// Compiles in a file with the defaults of a subtest's options. Its path is that from the module's file, as with
/// `include_str!`. For subtests in a crate of your own; those of the bundled ones stand in the folder `config_defaults`.
///
/// ```
/// # use dockertest::prelude::*;
/// # #[derive(Default)]
/// # struct DiskQuota;
/// # impl Subtest for DiskQuota {}
/// dockertest::subtest!(DiskQuota, "Checks that the quota of a volume holds.");
/// dockertest::defaults!("example/disk_quota.ini");
/// ```
#[macro_export]
macro_rules! defaults {
    ($file:literal) => {
        $crate::inventory::submit! { $crate::subtest::Defaults { file: $file, text: ::std::include_str!($file) } }
    };
}

/// Compiles in scripts that break promises which the module's subtest checks, for `dockertest faults`. Their paths are
/// those from the module's file, as with `include_str!`.
///
/// ```
/// # use dockertest::prelude::*;
/// # #[derive(Default)]
/// # struct DiskQuota;
/// # impl Subtest for DiskQuota {}
/// dockertest::subtest!(DiskQuota, "Checks that the quota of a volume holds.");
/// dockertest::fault!("example/faults/no_limit.sh");
/// ```
#[macro_export]
macro_rules! fault {
    ($($file:literal),+ $(,)?) => {
        $crate::inventory::submit! {
            $crate::subtest::Faults { module: ::std::module_path!(), files: &[$(($file, ::std::include_str!($file))),+] }
        }
    };
}

/// Compiles in files that the module's subtest finds in [`bindir`](crate::subtest::Context::bindir), so that they are there
/// without the source tree. Their paths are those from the module's file, as with `include_bytes!`.
///
/// ```
/// # use dockertest::prelude::*;
/// # #[derive(Default)]
/// # struct Build;
/// # impl Subtest for Build {}
/// dockertest::subtest!(Build, "Checks that an image can be built.");
/// dockertest::content!("example/Dockerfile");
/// ```
#[macro_export]
macro_rules! content {
    ($($file:literal),+ $(,)?) => {
        $crate::inventory::submit! {
            $crate::subtest::Content { module: ::std::module_path!(), files: &[$(($file, ::std::include_bytes!($file))),+] }
        }
    };
}

impl Registration {
    /// When it runs and its name, from the place of its module.
    ///
    /// The crate is left out, then a first component that is the folder of a [`Kind`]; a module in a module of the
    /// same name counts once.
    ///
    /// # Errors
    /// [`BadName`] when the module's path is no name of a subtest.
    ///
    /// ```
    /// # use dockertest::prelude::*;
    /// # use dockertest::subtest::{Folder, Registration};
    /// # #[derive(Default)]
    /// # struct Version;
    /// # impl Subtest for Version {}
    /// use dockertest::name::Kind;
    ///
    /// let registration = Registration {
    ///     module: "subtests::subtests::docker_cli::version",
    ///     // …
    /// #     summary: "",
    /// #     folder: Folder { package: "", file: "" },
    /// #     children: &[],
    /// #     make: || Box::new(Version),
    /// };
    /// let (kind, name) = registration.place()?;
    /// assert_eq!((kind, name.as_str()), (Kind::Subtest, "docker_cli/version"));
    /// # Ok::<(), dockertest::name::BadName>(())
    /// ```
    pub fn place(&self) -> Result<(Kind, SubtestName), BadName> {
        let mut components: Vec<&str> = self.module.split("::").map(|part| part.trim_start_matches("r#")).collect();
        if components.len() > 1 {
            components.remove(0);
        }
        let kind = Kind::ALL.into_iter().find(|kind| components.len() > 1 && components[0] == kind.folder());
        if kind.is_some() {
            components.remove(0);
        }
        components.dedup();
        Ok((kind.unwrap_or(Kind::Subtest), components.join("/").parse()?))
    }

    /// What its host tells about it.
    ///
    /// # Errors
    /// [`BadName`] as for [`place`](Self::place).
    ///
    /// ```
    /// # use dockertest::prelude::*;
    /// # use dockertest::subtest::{Folder, Registration};
    /// # #[derive(Default)]
    /// # struct Version;
    /// # impl Subtest for Version {}
    /// let registration = Registration {
    ///     module: "acme::pretests::log_versions",
    ///     summary: "Logs the versions of everything.",
    ///     // …
    /// #     folder: Folder { package: "", file: "" },
    /// #     children: &[],
    /// #     make: || Box::new(Version),
    /// };
    /// let info = registration.info()?;
    /// assert_eq!((info.name.as_str(), info.kind.as_str()), ("log_versions", "pretest"));
    /// # Ok::<(), dockertest::name::BadName>(())
    /// ```
    pub fn info(&self) -> Result<SubtestInfo, BadName> {
        let (kind, name) = self.place()?;
        Ok(SubtestInfo {
            faults: Faults::of(self.module),
            name,
            kind,
            summary: self.summary.to_owned(),
            subsubtests: self.children.iter().map(|child| (*child).to_owned()).collect(),
            needs_engine: (self.make)().needs_engine(),
        })
    }
}

/// All subtests that are linked into this program, in no particular order.
///
/// ```
/// use dockertest::subtest::registered;
///
/// for registration in registered() {
///     let (kind, name) = registration.place()?;
///     println!("{kind:10} {name}: {}", registration.summary);
/// }
/// # Ok::<(), dockertest::name::BadName>(())
/// ```
pub fn registered() -> impl Iterator<Item = &'static Registration> {
    inventory::iter::<Registration>()
}

/// Registers the subtest that a module holds. Its name is the module's place: `docker_cli::version` is
/// `docker_cli/version`. The type must implement `Default`.
///
/// A subtest with sub-subtests lists them, by the last component of their names; `sequential` takes one after the
/// other through all its phases, `staged` takes all through a phase before the next phase begins.
///
/// ```
/// use dockertest::prelude::*;
///
/// #[derive(Default)]
/// struct Parent {
///     greeting: &'static str,
/// }
/// impl Subtest for Parent {
///     fn initialize(&mut self, _ctx: &mut Context) -> Outcome {
///         self.greeting = "hello";
///         Ok(())
///     }
/// }
///
/// #[derive(Default)]
/// struct One;
/// impl SubSubtest<Parent> for One {
///     fn run_once(&mut self, parent: &mut Parent, ctx: &mut Context) -> Outcome {
///         ctx.info(format!("{} from one", parent.greeting));
///         Ok(())
///     }
/// }
/// dockertest::subtest!(Parent, "Shows sub-subtests.", sequential { one: One });
/// ```
#[macro_export]
macro_rules! subtest {
    ($type:ty, $summary:expr $(,)?) => {
        $crate::subtest!(@register $summary, &[], || ::std::boxed::Box::new(<$type as ::std::default::Default>::default()));
    };
    ($type:ty, $summary:expr, sequential { $($name:ident : $child:ty),+ $(,)? } $(,)?) => {
        $crate::subtest!(@caller $type, $summary, OneAfterAnother, $($name: $child),+);
    };
    ($type:ty, $summary:expr, staged { $($name:ident : $child:ty),+ $(,)? } $(,)?) => {
        $crate::subtest!(@caller $type, $summary, StageByStage, $($name: $child),+);
    };
    (@caller $type:ty, $summary:expr, $order:ident, $($name:ident : $child:ty),+) => {
        $crate::subtest!(@register $summary, &[$(::std::stringify!($name)),+], || {
            const CHILDREN: &[$crate::subtest::Child<$type>] = &[$($crate::subtest::Child {
                name: ::std::stringify!($name),
                make: || ::std::boxed::Box::new(<$child as ::std::default::Default>::default()),
            }),+];
            let parent = <$type as ::std::default::Default>::default();
            ::std::boxed::Box::new($crate::subtest::Caller::new(parent, CHILDREN, $crate::subtest::Order::$order))
        });
    };
    (@register $summary:expr, $children:expr, $make:expr) => {
        $crate::inventory::submit! {
            $crate::subtest::Registration {
                module: ::std::module_path!(),
                summary: $summary,
                folder: $crate::subtest::Folder { package: ::std::env!("CARGO_MANIFEST_DIR"), file: ::std::file!() },
                children: $children,
                make: $make,
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[derive(Default)]
    struct Nothing;
    impl Subtest for Nothing {}

    #[rstest]
    #[case::bundled("subtests::subtests::docker_cli::version", Kind::Subtest, "docker_cli/version")]
    #[case::pretest("subtests::pretests::log_versions", Kind::Pretest, "log_versions")]
    #[case::plugin("acme::disk_quota", Kind::Subtest, "disk_quota")]
    #[case::folder_and_file("acme::disk_quota::disk_quota", Kind::Subtest, "disk_quota")]
    #[case::keyword("subtests::subtests::docker_cli::r#move", Kind::Subtest, "docker_cli/move")]
    #[case::whole_crate("acme", Kind::Subtest, "acme")]
    fn the_place_of_the_module_is_the_name(#[case] module: &'static str, #[case] kind: Kind, #[case] name: &str) {
        let registration = Registration {
            module,
            summary: "",
            folder: Folder { package: "", file: "" },
            children: &[],
            make: || Box::new(Nothing),
        };
        let (seen_kind, seen_name) = registration.place().unwrap();
        assert_eq!((seen_kind, seen_name.as_str()), (kind, name));
    }
}
