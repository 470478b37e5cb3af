//! Sections as structs.

use std::collections::BTreeMap;
use std::time::Duration;

use rstest::rstest;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::{Layers, load};
use crate::config::{Control, Section, types};

fn section(value: &str) -> Section {
    load(&format!("[s]\nother = 1\nv = {value}\n")).unwrap().section("s")
}

#[derive(Debug, Deserialize)]
struct One<T> {
    v: T,
}

#[track_caller]
fn read<T: DeserializeOwned>(value: &str) -> T {
    section(value).read::<One<T>>().unwrap().v
}

#[track_caller]
fn refused<T: DeserializeOwned + std::fmt::Debug>(value: &str) -> String {
    section(value).read::<One<T>>().unwrap_err().to_string()
}

#[rstest]
#[case("yes", true)]
#[case("True", true)]
#[case("ON", true)]
#[case("1", true)]
#[case("no", false)]
#[case("false", false)]
#[case("Off", false)]
#[case("0", false)]
fn booleans(#[case] value: &str, #[case] expected: bool) {
    assert_eq!(read::<bool>(value), expected);
    assert_eq!(section(value).flag("v"), Ok(Some(expected)));
}

#[test]
fn numbers() {
    assert_eq!((read::<i64>("-3"), read::<i32>("+5"), read::<u8>("007")), (-3, 5, 7));
    assert_eq!(read::<u64>("18446744073709551615"), u64::MAX);
    assert_eq!(read::<i128>("-170141183460469231731687303715884105728"), i128::MIN);
    assert_eq!((read::<f64>("1.5"), read::<f64>(".5"), read::<f64>("1e3"), read::<f64>("3")), (1.5, 0.5, 1000.0, 3.0));
    assert!(read::<f64>("nan").is_nan() && read::<f64>("-inf").is_infinite());
}

#[test]
fn texts_are_kept_as_they_are() {
    for text in ["0.8", "80", "on", "\"q\"", "a, b", "None"] {
        assert_eq!(read::<String>(text), text);
    }
}

#[test]
fn lists() {
    assert_eq!(read::<Vec<String>>("one, two ,,\n three"), ["one", "two", "three"]);
    assert_eq!(read::<Vec<u16>>("80"), [80]);
    assert_eq!(read::<Vec<String>>(""), [""; 0]);
    assert_eq!(read::<(String, u8)>("a, 2"), ("a".to_owned(), 2));
    assert_eq!(section("a, b").list("v"), ["a", "b"]);
    assert_eq!(section("a, b").list("none"), [""; 0]);
}

#[test]
fn empty_is_nothing_for_an_option() {
    assert_eq!(read::<Option<u8>>(""), None);
    assert_eq!(read::<Option<String>>("x"), Some("x".to_owned()));
    assert_eq!(section("").number::<u8>("v"), Ok(None));
    assert_eq!(section("1").number::<u8>("none"), Ok(None));
}

#[test]
fn enums_and_newtypes() {
    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    enum Signal {
        Usr1,
        SigTerm,
    }
    #[derive(Debug, PartialEq, Deserialize)]
    struct Port(u16);
    assert_eq!(read::<Vec<Signal>>("usr1, sig-term"), [Signal::Usr1, Signal::SigTerm]);
    assert_eq!(read::<Port>("80"), Port(80));
    let told = refused::<Signal>("hup");
    assert_eq!(told, "x.ini:3: option `v` of `[s]` is `hup`; expected one of `usr1`, `sig-term`");
}

#[test]
fn durations() {
    #[derive(Debug, PartialEq, Deserialize)]
    struct Times {
        #[serde(with = "types::seconds")]
        v: Duration,
        #[serde(with = "types::optional_seconds", default)]
        missing: Option<Duration>,
    }
    let times: Times = section("1.5").read().unwrap();
    assert_eq!(times, Times { v: Duration::from_millis(1500), missing: None });
    for wrong in ["-1", "inf", "nan", "1 minute", "", "1e300"] {
        let told = section(wrong).read::<Times>().unwrap_err().to_string();
        assert_eq!(told, format!("x.ini:3: option `v` of `[s]` is `{wrong}`; expected a number of seconds from 0"));
    }
    assert_eq!(section("2").seconds("v"), Ok(Some(Duration::from_secs(2))));
}

#[test]
fn helpers_read_and_write_other_formats_too() {
    #[derive(Debug, PartialEq, Deserialize, serde::Serialize)]
    struct All {
        #[serde(with = "types::list")]
        names: Vec<crate::name::SubtestName>,
        #[serde(with = "types::flag")]
        on: bool,
        #[serde(with = "types::seconds")]
        time: Duration,
        #[serde(with = "types::optional_seconds")]
        limit: Option<Duration>,
    }
    let configuration = load("[s]\nnames = a/b, c\non = yes\ntime = 2.5\nlimit = 3\n").unwrap();
    let all: All = configuration.section("s").read().unwrap();
    let json = serde_json::to_string(&all).unwrap();
    assert_eq!(json, r#"{"names":"a/b,c","on":"yes","time":2.5,"limit":3.0}"#);
    assert_eq!(serde_json::from_str::<All>(&json).unwrap(), all);
}

#[rstest]
#[case::word(refused::<u8>("yes"), "a whole number from 0 to 255")]
#[case::too_large(refused::<u8>("256"), "a whole number from 0 to 255")]
#[case::negative(refused::<u64>("-1"), "a whole number from 0")]
#[case::fraction(refused::<i32>("1.5"), "a whole number from -2147483648 to 2147483647")]
#[case::hexadecimal(refused::<u32>("0x1f"), "a whole number from 0 to 4294967295")]
#[case::long_integer(refused::<i64>("5L"), "a whole number")]
#[case::no_number(refused::<f64>("yes"), "a number")]
#[case::boolean(refused::<bool>("maybe"), "yes or no (or true, false, on, off, 1, 0)")]
#[case::boolean_number(refused::<bool>("2"), "yes or no (or true, false, on, off, 1, 0)")]
#[case::item(refused::<Vec<u8>>("1, x"), "a whole number from 0 to 255")]
#[case::tuple(refused::<(u8, u8)>("1"), "2 items separated by commas")]
fn values_that_do_not_fit(#[case] told: String, #[case] expected: &str) {
    assert!(told.starts_with("x.ini:3: option `v` of `[s]` is `"), "{told}");
    assert!(told.ends_with(&format!("`; expected {expected}")), "{told}");
}

#[test]
fn a_missing_option_is_told_with_the_nearest() {
    #[derive(Debug, Deserialize)]
    struct Options {
        #[expect(dead_code, reason = "never read")]
        iterations: u32,
    }
    let configuration = load("[s]\niteration = 3\n").unwrap();
    let told = configuration.section("s").read::<Options>().unwrap_err();
    assert_eq!(told.to_string(), "option `iterations` of `[s]` is not set; expected a value; is `iteration` meant?");
    assert_eq!((told.section(), told.option(), told.value()), ("s", "iterations", None));
}

#[test]
fn secrets_are_not_told() {
    let configuration = Layers::new().set("s.token_count=hunter2").load().unwrap();
    let told = configuration.section("s").number::<u32>("token_count").unwrap_err().to_string();
    assert!(!told.contains("hunter2") && told.contains("********"), "{told}");
    let shown = configuration.section("s").masked();
    assert!(!format!("{shown:?}").contains("hunter2"), "{shown:?}");
}

#[test]
fn a_section_is_a_source_of_the_config_crate() {
    let section = load("[docker_cli/s]\nkey one = 1\nx = 2\n").unwrap().section("docker_cli/s");
    let mixed = config::Config::builder().set_default("y", 3).unwrap().add_source(section).build().unwrap();
    let all: BTreeMap<String, String> = mixed.try_deserialize().unwrap();
    assert_eq!(
        all.into_iter().collect::<Vec<_>>(),
        [("key one".to_owned(), "1".to_owned()), ("x".to_owned(), "2".to_owned()), ("y".to_owned(), "3".to_owned())]
    );
}

#[test]
fn control_tells_what_does_not_fit() {
    let configuration = load("[Control]\njob_timeout = long\n").unwrap();
    let told = Control::read(&configuration).unwrap_err().to_string();
    assert_eq!(told, "x.ini:2: option `job_timeout` of `[Control]` is `long`; expected a number of seconds from 0");
}
