//! Which subtests a run is made of: what `--args` asks for, put together with the lists of `control.ini`.
//!
//! This module only chooses. The order of steps, presets and folders are [`super::plan`]'s.

use std::collections::HashSet;
use std::fmt;

use crate::config::Control;
use crate::host::protocol::SubtestInfo;
use crate::name::{Kind, SubtestName};

use super::catalog::Catalog;
use super::nearest::{did_you_mean, nearest};

/// The token of `--args` that asks for a dry run.
const DRY_RUN: &str = "!!!";

/// What begins a list of what is included, and one of what is left out.
const INCLUDE: &str = "i=";
const EXCLUDE: &str = "x=";

/// What `--args` asks for.
///
/// ```
/// use dockertest::run::Selection;
///
/// let all = Selection::parse::<&str>(&[]);
/// assert_eq!(all, Selection::default());
/// let some = Selection::parse(&["i=docker_cli/version"]);
/// assert_eq!(some.include, ["docker_cli/version"]);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Selection {
    /// Subtests and sub-subtests to run, in order. Empty: all.
    pub names: Vec<String>,
    /// If not empty: nothing but these is run (`i=`).
    pub include: Vec<String>,
    /// These are not run (`x=`).
    pub exclude: Vec<String>,
    /// Nothing is executed, only planned (`!!!`).
    pub dry_run: bool,
    /// A list that was given and names nothing: `--args` or `i=`. Whoever gave it did not mean all.
    pub empty: Option<&'static str>,
}

impl Selection {
    /// Reads the values of `--args`, which add up. Each is split at blanks into tokens: `i=LIST` includes, `x=LIST`
    /// excludes, a token that is exactly `!!!` asks for a dry run, anything else is a list of names. Lists are
    /// separated by commas; a name that is repeated counts where it is mentioned first. A selection that is given and
    /// [empty](Selection::empty) has no plan.
    ///
    /// ```
    /// use dockertest::run::Selection;
    ///
    /// let selection = Selection::parse(&["example,docker_cli/version x=subexample", "example !!!"]);
    /// assert_eq!(selection.names, ["example", "docker_cli/version"]);
    /// assert_eq!(selection.exclude, ["subexample"]);
    /// assert!(selection.dry_run);
    /// ```
    #[must_use]
    pub fn parse<S: AsRef<str>>(args: &[S]) -> Selection {
        let mut selection = Selection::default();
        let (mut includes, mut excludes) = (false, false);
        for token in args.iter().flat_map(|arg| arg.as_ref().split_whitespace()) {
            if token == DRY_RUN {
                selection.dry_run = true;
            } else if let Some(list) = token.strip_prefix(INCLUDE) {
                includes = true;
                extend(&mut selection.include, list);
            } else if let Some(list) = token.strip_prefix(EXCLUDE) {
                // An empty one means what it says: nothing is left out.
                excludes = true;
                extend(&mut selection.exclude, list);
            } else {
                extend(&mut selection.names, token);
            }
        }
        let says_something = !selection.names.is_empty() || selection.dry_run || excludes;
        if includes && selection.include.is_empty() {
            selection.empty = Some(INCLUDE);
        } else if !includes && !says_something && !args.is_empty() {
            selection.empty = Some("--args");
        }
        selection
    }

    /// The same without those of these names that nobody knows. A list of which nothing would be left stays as it is, for
    /// without it everything would be run.
    pub(super) fn passing_over(mut self, names: &HashSet<String>, catalog: &Catalog) -> Selection {
        let is_gone = |name: &String| names.contains(name) && find_one(catalog, name).is_none();
        for list in [&mut self.names, &mut self.include] {
            if !names.is_empty() && !list.iter().all(is_gone) {
                list.retain(|name| !is_gone(name));
            }
        }
        self
    }
}

fn extend(names: &mut Vec<String>, list: &str) {
    let mut seen: HashSet<String> = names.iter().cloned().collect();
    for name in list.split(',').filter(|name| !name.is_empty()) {
        if seen.insert(name.to_owned()) {
            names.push(name.to_owned());
        }
    }
}

/// Who gave a list of names.
///
/// ```
/// use dockertest::run::Giver;
///
/// let giver = Giver::Control { option: "exclude", origin: "config_custom/control.ini:3".to_owned() };
/// assert_eq!(giver.to_string(), "option `exclude` of [Control] (config_custom/control.ini:3)");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Giver {
    /// `--args`.
    Args,
    /// A list in a file.
    List {
        /// The file and the line, for example `failed.txt:3`.
        place: String,
    },
    /// What fails, by all runs up to now.
    Failing,
    /// An option of the section `Control`.
    Control {
        /// The option.
        option: &'static str,
        /// Where it was set, for example `config_custom/control.ini:3`.
        origin: String,
    },
}

impl fmt::Display for Giver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Giver::Args => f.write_str("--args"),
            Giver::List { place } => write!(f, "--load-list {place}"),
            Giver::Failing => f.write_str("what fails (--failing)"),
            Giver::Control { option, origin } => write!(f, "option `{option}` of [Control] ({origin})"),
        }
    }
}

/// A name that no host holds.
///
/// ```
/// use dockertest::run::UnknownName;
///
/// // unknown name `docker_cli/versoin` in --args; did you mean `docker_cli/version`?
/// fn warn(unknown: &[UnknownName]) {
///     unknown.iter().for_each(|name| eprintln!("{name}"));
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnknownName {
    /// The name as given.
    pub name: String,
    /// Who gave it.
    pub giver: Giver,
    /// The names that are most like it, best first; at most three.
    pub nearest: Vec<String>,
}

impl fmt::Display for UnknownName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let UnknownName { name, giver, nearest } = self;
        write!(f, "unknown name `{name}` in {giver}")?;
        if name == DRY_RUN {
            return write!(f, "; for a dry run, write `{DRY_RUN}` apart from the names, or use `--dry-run`");
        }
        if let Some(list) = [INCLUDE, EXCLUDE].into_iter().find(|list| name.starts_with(list)) {
            return write!(f, "; put a blank before `{list}`, not a comma, or give it an `--args` of its own");
        }
        match did_you_mean(nearest) {
            None => f.write_str("; `dockertest list` shows all names"),
            Some(question) => write!(f, "; {question}"),
        }
    }
}

/// A subtest that was chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Chosen<'c> {
    /// The subtest.
    pub(super) info: &'c SubtestInfo,
    /// Only these of its sub-subtests, by last component, in order. Nothing: all.
    pub(super) only: Option<Vec<String>>,
    /// But not these.
    pub(super) without: Vec<String>,
    /// Whether it, or one of its sub-subtests, was named on the command line.
    pub(super) named: bool,
}

/// A name, found in the catalog.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Target<'c> {
    info: &'c SubtestInfo,
    child: Option<&'c str>,
}

/// Chooses from the catalog, kind by kind: the chosen of each [`Kind`] in the order in which they will run.
///
/// Names on the command line stand in for the file's `subthings` and `include`, and run even if the file's `exclude`
/// has them. `x=` wins over everything. Pretests, intratests and posttests need no mention. Naming a sub-subtest
/// selects its parent with only the named ones.
///
/// # Errors
/// All names that nobody knows. An unknown name in the file's `exclude` is no error: there is nothing to leave out.
pub(super) fn choose<'c>(
    args: &Selection,
    control: &Control,
    catalog: &'c Catalog,
) -> Result<Vec<Chosen<'c>>, Vec<UnknownName>> {
    let giver = |option| {
        let origin = control.origin(option).map_or("default".to_owned(), ToString::to_string);
        Giver::Control { option, origin }
    };
    let mut unknown = Vec::new();
    let mut find = |names: &[String], giver| find_all(catalog, names, &giver, &mut unknown);
    let names = find(&args.names, Giver::Args);
    let include = find(&args.include, Giver::Args);
    let exclude = find(&args.exclude, Giver::Args);
    let by_name = !names.is_empty();
    let control_names = find(&control.subthings, giver("subthings"));
    let control_include = find(&control.include, giver("include"));
    let control_exclude = control.exclude.iter().filter_map(|name| find_one(catalog, name)).collect();
    if !unknown.is_empty() {
        return Err(unknown);
    }
    let chooser = Chooser {
        named: subtests_of(names.iter().chain(&include)),
        names: if by_name { names } else { control_names },
        include: if by_name { include } else { [include, control_include].concat() },
        exclude,
        control_exclude,
        kinds: kinds_that_are_on(control),
    };
    Ok(chooser.choose(catalog))
}

/// The lists that count, all names found.
struct Chooser<'c> {
    names: Vec<Target<'c>>,
    include: Vec<Target<'c>>,
    exclude: Vec<Target<'c>>,
    control_exclude: Vec<Target<'c>>,
    /// Subtests mentioned on the command line, themselves or by a sub-subtest.
    named: HashSet<&'c SubtestName>,
    kinds: Vec<Kind>,
}

/// The kinds of tests that are run at all: an empty option `pretests`, `subtests`, … switches one off.
fn kinds_that_are_on(control: &Control) -> Vec<Kind> {
    let folder = |kind: &Kind| match kind {
        Kind::Pretest => &control.pretests,
        Kind::Subtest => &control.subtests,
        Kind::Intratest => &control.intratests,
        Kind::Posttest => &control.posttests,
    };
    Kind::ALL.into_iter().filter(|kind| !folder(kind).is_empty()).collect()
}

impl<'c> Chooser<'c> {
    fn choose(&self, catalog: &'c Catalog) -> Vec<Chosen<'c>> {
        let excluded = whole(&self.exclude);
        let control_excluded = whole(&self.control_exclude);
        let included = subtests_of(&self.include);
        let mentioned = self.mentioned(catalog);
        let all = |kind| catalog.subtests().filter(move |info| info.kind == kind);
        let mut chosen = Vec::new();
        for kind in self.kinds.iter().copied() {
            let candidates: Vec<_> = match kind {
                Kind::Subtest => mentioned
                    .iter()
                    .copied()
                    .filter(|info| info.kind == kind && (included.is_empty() || included.contains(&info.name)))
                    .collect(),
                Kind::Pretest | Kind::Intratest | Kind::Posttest => all(kind).collect(),
            };
            for info in candidates {
                let named = self.named.contains(&info.name);
                if !excluded.contains(&info.name) && (named || !control_excluded.contains(&info.name)) {
                    chosen.extend(self.children(info, named));
                }
            }
        }
        chosen
    }

    /// The subtests in the order of first mention; all of them in the order of their names if none is mentioned.
    fn mentioned(&self, catalog: &'c Catalog) -> Vec<&'c SubtestInfo> {
        let list = if self.names.is_empty() { &self.include } else { &self.names };
        if list.is_empty() {
            return catalog.subtests().collect();
        }
        let mut seen = HashSet::new();
        list.iter().map(|target| target.info).filter(|info| seen.insert(&info.name)).collect()
    }

    /// Which sub-subtests of a chosen subtest are run; nothing if none is left of those that were asked for.
    fn children(&self, info: &'c SubtestInfo, named: bool) -> Option<Chosen<'c>> {
        if info.subsubtests.is_empty() {
            // Looking through the lists for each subtest would take long when many are named.
            return Some(Chosen { info, only: None, without: Vec::new(), named });
        }
        let asked = children_of(&self.names, info);
        let included = children_of(&self.include, info);
        let mut without = children_of(&self.exclude, info);
        without.extend(children_of(&self.control_exclude, info).into_iter().filter(|child| !asked.contains(child)));
        let mut only = if asked.is_empty() { included.clone() } else { asked };
        let restricted = !only.is_empty();
        only.retain(|child| (included.is_empty() || included.contains(child)) && !without.contains(child));
        if restricted && only.is_empty() {
            return None;
        }
        Some(Chosen { info, only: restricted.then_some(only), without, named })
    }
}

fn children_of(targets: &[Target<'_>], info: &SubtestInfo) -> Vec<String> {
    let of_this = targets.iter().filter(|target| target.info.name == info.name);
    of_this.filter_map(|target| target.child).map(str::to_owned).collect()
}

/// The subtests that a list mentions, themselves or by a sub-subtest.
fn subtests_of<'c: 't, 't>(targets: impl IntoIterator<Item = &'t Target<'c>>) -> HashSet<&'c SubtestName> {
    targets.into_iter().map(|target| &target.info.name).collect()
}

/// The subtests that a list mentions themselves.
fn whole<'c>(targets: &[Target<'c>]) -> HashSet<&'c SubtestName> {
    subtests_of(targets.iter().filter(|target| target.child.is_none()))
}

fn find_all<'c>(
    catalog: &'c Catalog,
    names: &[String],
    giver: &Giver,
    unknown: &mut Vec<UnknownName>,
) -> Vec<Target<'c>> {
    let mut targets = Vec::with_capacity(names.len());
    for name in names {
        match find_one(catalog, name) {
            Some(target) => targets.push(target),
            None => {
                let nearest = nearest(name, catalog.all_names());
                unknown.push(UnknownName { name: name.clone(), giver: giver.clone(), nearest });
            }
        }
    }
    targets
}

/// A subtest of that name, or else a sub-subtest.
fn find_one<'c>(catalog: &'c Catalog, name: &str) -> Option<Target<'c>> {
    let name: SubtestName = name.parse().ok()?;
    if let Some(entry) = catalog.get(&name) {
        return Some(Target { info: &entry.info, child: None });
    }
    let info = &catalog.get(&name.parent()?)?.info;
    let child = info.subsubtests.iter().find(|child| *child == name.last())?;
    Some(Target { info, child: Some(child) })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::super::catalog::tests::catalog;
    use super::*;

    fn lists(names: &str, include: &str, exclude: &str) -> Control {
        let mut control = Control::default();
        extend(&mut control.subthings, names);
        extend(&mut control.include, include);
        extend(&mut control.exclude, exclude);
        control
    }

    /// What is chosen, in order, as `name`, `name[only]` or `name-[without]`.
    fn chosen(args: &[&str], control: &Control) -> String {
        let catalog = catalog();
        let chosen = choose(&Selection::parse(args), control, &catalog).unwrap();
        let show = |chosen: &Chosen<'_>| {
            let only = chosen.only.as_ref().map_or(String::new(), |only| format!("[{}]", only.join(" ")));
            let without = &chosen.without;
            let without = if without.is_empty() { String::new() } else { format!("-[{}]", without.join(" ")) };
            format!("{}{only}{without}", chosen.info.name)
        };
        chosen.iter().map(show).collect::<Vec<_>>().join(" ")
    }

    #[rstest]
    #[case::nothing_is_all_but_the_excluded(&[], "pre docker_cli/kill docker_cli/version zeta intra post")]
    #[case::an_empty_one_of_many(&["", "zeta", ","], "pre zeta intra post")]
    #[case::order_of_first_mention(&["zeta,docker_cli/version,zeta"], "pre zeta docker_cli/version intra post")]
    #[case::excluded_runs_when_named(&["example,docker_cli/version"], "pre example docker_cli/version intra post")]
    #[case::several_add_up(&["zeta", "example zeta"], "pre zeta example intra post")]
    #[case::child(&["docker_cli/kill/b,zeta,docker_cli/kill/a"], "pre docker_cli/kill[b a] zeta intra post")]
    #[case::child_narrows_its_parent(&["docker_cli/kill,docker_cli/kill/a"], "pre docker_cli/kill[a] intra post")]
    #[case::include_alone(&["i=zeta,docker_cli/kill/b"], "pre zeta docker_cli/kill[b] intra post")]
    #[case::include_filters(&["zeta,example i=example"], "pre example intra post")]
    #[case::include_child_of_named(&["docker_cli/kill i=docker_cli/kill/b"], "pre docker_cli/kill[b] intra post")]
    #[case::included_but_excluded_by_file(&["i=example"], "pre example intra post")]
    #[case::exclude(&["x=zeta,pre"], "docker_cli/kill docker_cli/version intra post")]
    #[case::exclude_wins(&["zeta,example x=zeta"], "pre example intra post")]
    #[case::exclude_child(&["docker_cli/kill x=docker_cli/kill/a"], "pre docker_cli/kill-[a] intra post")]
    #[case::exclude_only_child(&["zeta,docker_cli/kill/a x=docker_cli/kill/a"], "pre zeta intra post")]
    #[case::other_kinds_are_chosen_by_name(&["pre_example"], "pre pre_example intra post")]
    fn args_choose(#[case] args: &[&str], #[case] expected: &str) {
        assert_eq!(chosen(args, &lists("", "", "example,pre_example,gone")), expected);
    }

    #[rstest]
    #[case::subthings(&[], lists("zeta,docker_cli/kill/a", "", ""), "zeta docker_cli/kill[a]")]
    #[case::names_stand_in(&["example"], lists("zeta", "zeta", "zeta"), "example")]
    #[case::include(&[], lists("", "zeta", ""), "zeta")]
    #[case::exclude_beats_subthings(&[], lists("zeta,example", "", "example"), "zeta")]
    #[case::excluded_child(&[], lists("docker_cli/kill", "", "docker_cli/kill/b"), "docker_cli/kill-[b]")]
    #[case::excluded_child_by_name(&["docker_cli/kill/b"], lists("", "", "docker_cli/kill/b"), "docker_cli/kill[b]")]
    #[case::excluded_parent(&["docker_cli/kill/b"], lists("", "", "docker_cli/kill"), "docker_cli/kill[b]")]
    fn the_file_chooses(#[case] args: &[&str], #[case] control: Control, #[case] expected: &str) {
        let mut args = args.to_vec();
        args.push("x=pre,pre_example,intra,post");
        assert_eq!(chosen(&args, &control), expected);
    }

    #[test]
    fn all_unknown_names_are_told_with_the_nearest() {
        let args =
            ["docker_cli/verison,version,example,docker_cli/kill/c", "i=quux x=zet", "zeta,!!! ../etc", "ZETA,x=zeta"];
        let unknown = choose(&Selection::parse(&args), &lists("exampel", "", "gone"), &catalog()).unwrap_err();
        let text: Vec<_> = unknown.iter().map(ToString::to_string).collect();
        insta::assert_snapshot!(text.join("\n"), @r"
        unknown name `docker_cli/verison` in --args; did you mean `docker_cli/version`?
        unknown name `version` in --args; did you mean `docker_cli/version`?
        unknown name `docker_cli/kill/c` in --args; did you mean `docker_cli/kill/a`, `docker_cli/kill/b` or `docker_cli/kill`?
        unknown name `!!!` in --args; for a dry run, write `!!!` apart from the names, or use `--dry-run`
        unknown name `../etc` in --args; `dockertest list` shows all names
        unknown name `ZETA` in --args; did you mean `zeta`?
        unknown name `x=zeta` in --args; put a blank before `x=`, not a comma, or give it an `--args` of its own
        unknown name `quux` in --args; `dockertest list` shows all names
        unknown name `zet` in --args; did you mean `zeta`?
        unknown name `exampel` in option `subthings` of [Control] (default); did you mean `example`?
        ");
    }

    #[test]
    fn a_kind_is_switched_off_by_an_empty_folder() {
        let mut control = lists("zeta", "", "pre_example");
        control.pretests.clear();
        control.intratests.clear();
        assert_eq!(chosen(&[], &control), "zeta post");
    }

    #[rstest]
    #[case::nothing(&[""], Some("--args"))]
    #[case::commas(&[" , ", ",,"], Some("--args"))]
    #[case::included(&["i="], Some("i="))]
    #[case::included_of_many(&["zeta i=, x=zeta"], Some("i="))]
    #[case::not_given(&[], None)]
    #[case::left_out(&["x="], None)]
    #[case::dry_run(&["!!!"], None)]
    #[case::included_elsewhere(&["i=", "i=zeta"], None)]
    fn a_list_that_is_given_and_empty_is_told(#[case] args: &[&str], #[case] expected: Option<&str>) {
        assert_eq!(Selection::parse(args).empty, expected);
    }

    #[rstest]
    #[case::alone(&["!!!"], true)]
    #[case::with_names(&["a !!! b"], true)]
    #[case::within_a_list(&["a,!!!"], false)]
    #[case::absent(&["a"], false)]
    fn only_a_token_of_its_own_asks_for_a_dry_run(#[case] args: &[&str], #[case] expected: bool) {
        assert_eq!(Selection::parse(args).dry_run, expected);
    }
}
