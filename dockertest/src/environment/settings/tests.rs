//! What the section takes, and what it refuses.

use std::fs;
use std::path::Path;

use rstest::rstest;

use super::{CalloutLimits, EnvironmentSettings, SettingsFailure, Wanted};
use crate::config::{Layers, Source};

fn read(ini: &str, testr: Option<&str>) -> Result<EnvironmentSettings, String> {
    let folder = tempfile::tempdir().unwrap();
    if let Some(text) = testr {
        fs::write(folder.path().join(".testr.conf"), text).unwrap();
    }
    let text = format!("[environment]\n{ini}");
    let layers = Layers::new().custom(Source::Memory(vec![("control.ini".to_owned(), text)]));
    let failure = |failure: SettingsFailure| failure.to_string().replace(&format!("{}/", folder.path().display()), "");
    EnvironmentSettings::read(&layers.load().unwrap(), folder.path()).map_err(failure)
}

#[test]
fn without_a_section_it_is_what_can_be_had() {
    let settings = EnvironmentSettings::read(&Layers::new().load().unwrap(), Path::new("/nonexistent")).unwrap();
    assert_eq!((settings.provider, settings.jobs), (Wanted::Auto, None));
    assert_eq!(settings.limits, CalloutLimits::default());
    let missing = settings.callouts().unwrap_err().to_string();
    assert!(missing.starts_with("the environment `callout` needs commands"), "{missing}");
}

#[test]
fn the_shipped_file_says_what_holds_without_it() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config_defaults");
    let shipped = Layers::new().defaults(Source::Folder(folder)).load().unwrap();
    let settings = EnvironmentSettings::read(&shipped, Path::new("/nonexistent")).unwrap();
    let without = EnvironmentSettings::read(&Layers::new().load().unwrap(), Path::new("/nonexistent")).unwrap();
    assert_eq!(format!("{:?}", settings.raw), format!("{:?}", without.raw));
    let mut shipped: Vec<&String> = settings.origins.keys().collect();
    shipped.sort();
    assert_eq!(shipped.len(), 20, "every option is there with its comment: {shipped:?}");
}

#[rstest]
#[case::auto("jobs = auto\n", None)]
#[case::zero("jobs = 0\n", None)]
#[case::empty("jobs =\n", None)]
#[case::three("jobs = 3\n", Some(3))]
fn jobs_are_a_number_or_left_open(#[case] ini: &str, #[case] jobs: Option<usize>) {
    assert_eq!(read(ini, None).unwrap().jobs.map(usize::from), jobs);
}

#[rstest]
#[case::execute_alone(
    "instance_execute = e\n",
    "control.ini:2: `instance_execute` is set, but nothing makes instances"
)]
#[case::no_execute(
    "instance_provision = p\ninstance_dispose = d\n",
    "control.ini:2: `instance_provision` is set, but not `instance_execute`"
)]
#[case::dispose_alone(
    "\ninstance_dispose = d\n",
    "control.ini:3: `instance_dispose` is set, but not `instance_execute`"
)]
#[case::leak(
    "instance_execute = e\ninstance_provision = p\n",
    "control.ini:3: `instance_provision` is set, but nothing disposes"
)]
#[case::ids_alone("instance_ids = a\n", "control.ini:2: `instance_ids` is set, but not `instance_execute`")]
#[case::both_ways(
    "instance_execute = e\ninstance_provision = p\ninstance_dispose = d\ninstance_ids = a, b\n",
    "control.ini:5: `instance_ids` is set, but `instance_provision` is, too"
)]
#[case::not_ours(
    "instance_execute = e\ninstance_dispose = d\ninstance_ids = a\n",
    "control.ini:3: `instance_dispose` is set, but the instances of `instance_ids`"
)]
#[case::kept(
    "instance_execute = e\ninstance_provision = p\ninstance_dispose = d\ninstance_keep = yes\n",
    "control.ini:5: `instance_keep` is set, but `instance_dispose` is, too"
)]
#[case::none("provider = callout\n", "the environment `callout` needs commands")]
#[case::regex("group_regex = (\n", "control.ini:2: option `group_regex` is no regular expression")]
#[case::unbalanced("group_regex = a)(b\n", "control.ini:2: option `group_regex` is no regular expression")]
#[case::jobs(
    "jobs = -1\n",
    "control.ini:2: option `jobs` of `[environment]` is `-1`; expected a whole number from 1, or `auto`"
)]
#[case::limit("instance_dispose_timeout = soon\n", "control.ini:2: option `instance_dispose_timeout`")]
#[case::provider(
    "provider = vm\n",
    "control.ini:2: option `provider` of `[environment]` is `vm`; expected one of `auto`, `shared`"
)]
fn what_does_not_fit_is_refused_with_its_line(#[case] ini: &str, #[case] expected: &str) {
    let failure = read(ini, None).unwrap_err();
    assert!(failure.starts_with(expected), "{failure}");
}

#[test]
fn a_fixed_set_of_instances_and_one_that_is_kept_are_fine() {
    let fixed = read("instance_execute = e\ninstance_ids = a, b\n", None).unwrap().callouts().unwrap();
    assert_eq!((fixed.ids, fixed.provision, fixed.dispose), (vec!["a".to_owned(), "b".to_owned()], None, None));
    let kept = read("instance_execute = e\ninstance_provision = p\ninstance_keep = yes\n", None).unwrap();
    assert_eq!(kept.callouts().unwrap().dispose, None);
}

const TESTR: &str = "[DEFAULT]\ntest_command = python -m subunit.run discover\ngroup_regex=([^\\.]+\\.)+\n\
    test_run_concurrency = echo 3\ninstance_provision=p -c $INSTANCE_COUNT\ninstance_execute=e\ninstance_dispose=d\n";

#[test]
fn who_comes_from_testr_is_understood() {
    let settings = read("", Some(TESTR)).unwrap();
    assert_eq!(settings.group("a.b.c"), Some("a.b."));
    assert_eq!(settings.test_run_concurrency.as_deref(), Some("echo 3"));
    assert_eq!(settings.callouts().unwrap().provision.as_deref(), Some("p -c $INSTANCE_COUNT"));
    assert!(settings.origin("instance_dispose").unwrap().to_string().ends_with("/.testr.conf:7"));
}

#[test]
fn our_own_callouts_are_not_mixed_with_those_of_testr() {
    let failure = read("instance_execute = mine\n", Some(TESTR)).unwrap_err();
    assert!(failure.starts_with("control.ini:2: `instance_execute` is set, but nothing makes"), "{failure}");
    let mixed = read("test_run_concurrency = echo 1\n", Some(TESTR)).unwrap();
    assert_eq!(mixed.test_run_concurrency.as_deref(), Some("echo 1"));
    assert!(mixed.callouts().is_ok());
}

#[test]
fn half_of_testrs_callouts_matter_only_to_who_wants_callouts() {
    let half = "[DEFAULT]\ninstance_execute=e\n";
    assert!(read("", Some(half)).unwrap().callouts().is_err());
    let failure = read("provider = callout\n", Some(half)).unwrap_err();
    assert!(failure.starts_with(".testr.conf:2: `instance_execute` is set"), "{failure}");
}

#[test]
fn a_file_of_testr_can_be_left_out() {
    let broken = "[DEFAULT]\ninstance_execute=%\n";
    assert!(read("", Some(broken)).unwrap_err().starts_with(".testr.conf:2: option `instance_execute`: a single"));
    assert!(read("testr_conf =\n", Some(broken)).is_ok());
}
