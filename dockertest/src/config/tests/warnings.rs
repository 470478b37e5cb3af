//! What is allowed but told.

use rstest::rstest;

use crate::name::SubtestName;

use super::{Layers, file};

const SHIPPED: &str = "\
[DEFAULTS]
docker_timeout = 300
docker_repo_name = busybox
__example__ =
[docker_cli/kill]
subsubtests = sigstop, run_tty
signals = USR1
[docker_cli/kill/sigstop]
wait_stop = 5
[Control]
exclude = elsewhere
";

/// The warnings about a custom file over [`SHIPPED`].
fn warnings(custom: &str) -> Vec<String> {
    let names = ["docker_cli/kill", "docker_cli/kill/sigstop", "docker_cli/version", "example"];
    let known: Vec<SubtestName> = names.iter().map(|name| name.parse().unwrap()).collect();
    let layers = Layers::new().defaults(file("a.ini", SHIPPED)).custom(file("b.ini", custom));
    let configuration = layers.load().unwrap();
    let told = configuration.warnings(&known).into_iter().chain(configuration.example_warnings(&known));
    told.map(|warning| warning.to_string()).collect()
}

#[rstest]
#[case::known_option("[docker_cli/kill]\nsignals = HUP")]
#[case::option_of_defaults("[docker_cli/kill]\ndocker_timeout = 1")]
#[case::framework_option("[docker_cli/kill]\nenable = no\niterations = 2")]
#[case::option_of_a_child("[docker_cli/kill]\nwait_stop = 2")]
#[case::option_of_the_parent("[docker_cli/kill/sigstop]\nsignals = HUP")]
#[case::any_option_for_all("[DEFAULTS]\nsignals = HUP")]
#[case::helper_of_the_user("[docker_cli/kill]\nmine = HUP\nsignals = %(mine)s")]
#[case::listed_child("[docker_cli/kill/run_tty]\nsignals = HUP")]
#[case::folder_of_subtests("[docker_cli]\ndocker_timeout = 1")]
#[case::control("[Control]\nexclude = example, docker_cli/kill/sigstop")]
#[case::copy_of_the_shipped_list("[Control]\nexclude = elsewhere,\n  example")]
#[case::own_options_of_a_subtest_without_shipped_section("[example]\nmine = 1")]
fn what_is_known_is_not_told(#[case] custom: &str) {
    assert_eq!(warnings(custom), [""; 0]);
}

#[rstest]
#[case::option(
    "[docker_cli/kill]\nsignal = HUP",
    "b.ini:2: nothing reads option `signal` of section `[docker_cli/kill]`; did you mean `signals`?"
)]
#[case::option_of_a_child(
    "[docker_cli/kill/sigstop]\nwait_stpo = 1",
    "b.ini:2: nothing reads option `wait_stpo` of section `[docker_cli/kill/sigstop]`; did you mean `wait_stop`?"
)]
#[case::nothing_near(
    "[docker_cli/kill]\nxyz = HUP",
    "b.ini:2: nothing reads option `xyz` of section `[docker_cli/kill]`"
)]
#[case::for_all(
    "[DEFAULTS]\n# c\ndocker_timout = 1",
    "b.ini:3: nothing reads option `docker_timout` of section `[DEFAULTS]`; did you mean `docker_timeout`?"
)]
#[case::for_all_but_the_section_that_has_it(
    "[DEFAULTS]\nexclude = example",
    "b.ini:2: nothing reads option `exclude` of section `[DEFAULTS]`; did you mean `Control.exclude`?"
)]
#[case::slip_in_a_subtest_without_shipped_section(
    "[docker_cli/version]\ndocker_tiemout = 1",
    "b.ini:2: nothing reads option `docker_tiemout` of section `[docker_cli/version]`; did you mean `docker_timeout`?"
)]
#[case::section(
    "\n[docker_cli/versoin]\ndocker_timeout = 1",
    "b.ini:2: section `[docker_cli/versoin]` belongs to no subtest; did you mean `docker_cli/version`?"
)]
#[case::child(
    "[docker_cli/kill/sigstpo]\nx = 1",
    "b.ini:1: section `[docker_cli/kill/sigstpo]` belongs to no subtest; did you mean `docker_cli/kill/sigstop`?"
)]
#[case::name_that_is_left_out(
    "[Control]\nexclude = exmaple,\n  nothing/like/it",
    "b.ini:2: option `exclude` of `[Control]` leaves out `exmaple`, which belongs to no subtest; did you mean `example`?\n\
     b.ini:2: option `exclude` of `[Control]` leaves out `nothing/like/it`, which belongs to no subtest"
)]
#[case::default_without_s(
    "[Defaults]\nx = 1",
    "b.ini:1: section `[Defaults]` belongs to no subtest; did you mean `DEFAULTS`?"
)]
#[case::set_twice(
    "[example]\nx = 1\nX = 2",
    "b.ini:3: option `x` of section `[example]` is set twice; the last value counts; it was set before at b.ini:2"
)]
fn what_is_probably_a_mistake_is_told(#[case] custom: &str, #[case] expected: &str) {
    assert_eq!(warnings(custom).join("\n"), expected);
}

#[test]
fn an_argument_is_checked_like_a_file() {
    let configuration = Layers::new().defaults(file("a.ini", SHIPPED)).set("docker_timout=1").load().unwrap();
    let warnings: Vec<_> = configuration.warnings(&[]).iter().map(ToString::to_string).collect();
    assert_eq!(
        warnings,
        [
            "--set docker_timout=1: nothing reads option `docker_timout` of section `[DEFAULTS]`; did you mean `docker_timeout`?"
        ]
    );
}

#[test]
fn without_known_subthings_sections_are_not_checked() {
    let configuration = Layers::new().custom(file("b.ini", "[any]\nx = 1\n")).load().unwrap();
    assert_eq!(configuration.warnings(&[]), []);
}

#[rstest]
#[case::changed_in_the_section("[DEFAULTS]\nx=1\nq=1\n__example__ = x, q\n[t]\nz=1", "[t]\nz=1\nx=9", &["q"])]
#[case::changed_for_all("[DEFAULTS]\nx=1\nq=1\n__example__ = x, q\n[t]\nz=1", "[DEFAULTS]\nq=2", &["x"])]
#[case::own_list_is_added("[DEFAULTS]\nx=1\n__example__ = x\n[t]\n__example__ = y\ny=2", "[t]\ny=2", &["y", "x"])]
#[case::set_to_the_same("[t]\n__example__ = y\ny=2", "[t]\ny=2", &["y"])]
#[case::custom_list_is_added("[t]\n__example__ = y\ny=2\nz=1", "[t]\n__example__ = z", &["z", "y"])]
#[case::names_in_any_case("[t]\n__example__ = Y\ny=2", "", &["y"])]
#[case::options_that_are_not_there("[t]\n__example__ = w", "", &[])]
fn examples_count_until_they_are_changed(#[case] shipped: &str, #[case] custom: &str, #[case] expected: &[&str]) {
    let layers = Layers::new().defaults(file("a.ini", shipped)).custom(file("b.ini", custom));
    assert_eq!(layers.load().unwrap().untouched_examples("t"), expected);
}

#[test]
fn an_example_for_all_is_told_once() {
    let shipped = "[DEFAULTS]\n__example__ = x\nx = 1\n[s]\n__example__ = y\ny = 2\n[t]\n";
    let configuration = Layers::new().defaults(file("a.ini", shipped)).load().unwrap();
    let known = ["s".parse().unwrap(), "t".parse().unwrap()];
    let told: Vec<_> =
        configuration.example_warnings(&known).iter().map(|warning| warning.origin.to_string()).collect();
    assert_eq!(told, ["a.ini:3", "a.ini:6"]);
}

#[test]
fn lists_of_examples_are_united() {
    let configuration = Layers::new()
        .defaults(file(
            "a.ini",
            "[DEFAULTS]\n__example__ = x, y\n[s]\n__example__ = z\n[s/t]\n__example__ = x, %(w)s\nw = v\n",
        ))
        .load()
        .unwrap();
    assert_eq!(configuration.section("s/t").get("__example__"), Some("x, v, z, y"));
    assert_eq!(configuration.section("s").get("__example__"), Some("z, x, y"));
}
