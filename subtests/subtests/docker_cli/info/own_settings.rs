//! An engine of our own with known settings: `docker info` shows exactly those, also after it was told to take others
//! and after it was started again with others.

use std::time::{Duration, Instant};

use dockertest::engine::daemon::{DaemonOptions, OwnEngine};
use dockertest::engine::fixtures::test_image;
use dockertest::engine::models::{ContainerCreateBody, HostConfig};
use dockertest::engine::{Api, Condition};
use dockertest::prelude::*;
use serde_json::{Value, json};

use super::Info;
use super::counts::Counts;
use super::shown::Shown;

/// The name of the test image in it.
const IMAGE: &str = "dockertest/own:latest";

/// How long an engine may take for what it does after it has said that it took its settings.
const SETTLED_WITHIN: Duration = Duration::from_secs(10);

#[derive(Default)]
pub(super) struct OwnSettings;

/// What must be shown; what is not named here is what the API says.
struct Expected<'a> {
    driver: &'a str,
    debug: bool,
    labels: &'a [&'a str],
    mirrors: &'a [&'a str],
    insecure: &'a [&'a str],
    logging: &'a str,
    live_restore: bool,
}

impl SubSubtest<Info> for OwnSettings {
    fn initialize(&mut self, _info: &mut Info, ctx: &mut Context) -> Outcome {
        super::require_own_engine(ctx)
    }

    fn run_once(&mut self, _info: &mut Info, ctx: &mut Context) -> Outcome {
        let first = Expected {
            driver: "vfs",
            debug: true,
            labels: &["com.example.rack=7", "com.example.row=b c"],
            mirrors: &["https://mirror-a.example/", "https://mirror-b.example/"],
            insecure: &["10.9.8.0/24", "registry.example:5000"],
            logging: "local",
            live_restore: false,
        };
        let options = DaemonOptions::new().setting("data-root", "deep/er").setting("log-driver", first.logging);
        let options = first.settings().into_iter().fold(options, |options, (name, value)| options.setting(name, value));
        let own = ctx.own_engine(options)?;
        let identity = check(&own, &first, None)?;

        populate(&own.api()?)?;
        check(&own, &first, Some(&identity))?;
        let told = Expected {
            debug: false,
            labels: &["com.example.rack=8"],
            mirrors: &["https://mirror-c.example/"],
            insecure: &["registry.example:5001"],
            live_restore: true,
            ..first
        };
        own.reconfigure(told.settings().into_iter().filter(|(name, _)| *name != "storage-driver"))?;
        wait_for_debug(&own, false)?;
        check(&own, &told, Some(&identity))?;

        // Containers must not outlive the engine that is stopped now.
        own.reconfigure([("live-restore", json!(false))])?;
        // Another driver has images and containers of its own: none yet.
        let other = Expected { driver: "overlay2", labels: &[], mirrors: &[], live_restore: false, ..told };
        own.restart(other.settings())?;
        check(&own, &other, None)?;
        let empty = Counts::of(&own.api()?)?;
        check_eq!(
            empty.all(),
            "0 containers, 0 images",
            "what an engine has that was started with another storage driver"
        );
        own.restart([("storage-driver", json!(first.driver))])?;
        let back = Expected { driver: first.driver, ..other };
        check(&own, &back, None)?;
        let found = Counts::of(&own.api()?)?;
        check_eq!(found.all(), "4 containers, 1 images", "what the engine has again with its first storage driver");

        without_engine(&own)?;
        own.end()
    }
}

impl Expected<'_> {
    fn settings(&self) -> Vec<(&'static str, Value)> {
        vec![
            ("storage-driver", json!(self.driver)),
            ("debug", json!(self.debug)),
            ("labels", json!(self.labels)),
            ("registry-mirrors", json!(self.mirrors)),
            ("insecure-registries", json!(self.insecure)),
            ("live-restore", json!(self.live_restore)),
        ]
    }

    /// Puts what was set in the place of what the engine says: it may be wrong, too.
    fn apply(&self, engine: &mut Value, own: &OwnEngine) {
        let cidrs = |wanted: bool| {
            let of_kind = self.insecure.iter().filter(move |name| name.contains('/') == wanted);
            of_kind.copied().collect::<Vec<_>>()
        };
        engine["Driver"] = json!(self.driver);
        engine["Debug"] = json!(self.debug);
        engine["Labels"] = json!(self.labels);
        engine["LoggingDriver"] = json!(self.logging);
        engine["LiveRestoreEnabled"] = json!(self.live_restore);
        engine["DockerRootDir"] = own.setting("data-root").unwrap_or_default();
        engine["CgroupDriver"] = json!("cgroupfs");
        let registries = &mut engine["RegistryConfig"];
        registries["Mirrors"] = json!(self.mirrors);
        // The engine adds the loopback networks.
        let loopback = registries["InsecureRegistryCIDRs"].as_array().cloned().unwrap_or_default();
        let loopback = loopback.into_iter().filter(|cidr| matches!(cidr.as_str(), Some("127.0.0.0/8" | "::1/128")));
        let all = cidrs(true).into_iter().map(|cidr| json!(cidr)).chain(loopback);
        registries["InsecureRegistryCIDRs"] = all.collect();
        let official = registries["IndexConfigs"]["docker.io"].take();
        registries["IndexConfigs"] = json!({ "docker.io": official });
        for name in cidrs(false) {
            let index = json!({ "Name": name, "Mirrors": [], "Secure": false, "Official": false });
            registries["IndexConfigs"][name] = index;
        }
        registries["IndexConfigs"]["docker.io"]["Mirrors"] = json!(self.mirrors);
    }
}

/// What is shown is what was set, and what there is. Gives the engine's identity, which must be `identity` if that is
/// known.
fn check(own: &OwnEngine, expected: &Expected<'_>, identity: Option<&str>) -> Outcome<String> {
    let api = own.api()?;
    let shown = Shown::ask(&|words| own.docker(words.iter().copied()))?;
    let mut engine = api.system()?;
    expected.apply(&mut engine, own);
    shown.agrees_with(&engine)?;
    shown.text.check_eq(shown.line("Debug Mode")?, expected.debug, "`Debug Mode` in the text")?;
    Counts::of(&api)?.check(&shown)?;
    let seen = shown.line("ID")?.to_owned();
    match identity {
        Some(identity) => shown.text.check_eq(&seen, identity, "`ID`, which stays as long as the engine runs")?,
        None => shown.text.check(!seen.is_empty(), "the engine has an `ID`")?,
    }
    Ok(seen)
}

/// An image, and containers: running, paused, created, ended.
fn populate(api: &Api) -> Outcome {
    test_image::ensure(api, IMAGE)?;
    let create = |name: &str, words: &[&str]| {
        let body = ContainerCreateBody {
            image: Some(IMAGE.to_owned()),
            cmd: Some(words.iter().map(|word| (*word).to_owned()).collect()),
            network_disabled: Some(true),
            // With an init of its own a container ends at once when it is told to.
            host_config: Some(HostConfig { init: Some(true), ..HostConfig::default() }),
            ..ContainerCreateBody::default()
        };
        api.create(name, body)
    };
    let running = create("running", &["sleep", "1000"])?;
    api.start(&running)?;
    let paused = create("paused", &["sleep", "1000"])?;
    api.start(&paused)?;
    api.pause(&paused)?;
    create("created", &["true"])?;
    let ended = create("ended", &["true"])?;
    api.start(&ended)?;
    api.wait(&ended, Condition::NotRunning, Duration::from_secs(60))?;
    Ok(())
}

/// The engine takes this setting a moment after it has said that it took all.
fn wait_for_debug(own: &OwnEngine, expected: bool) -> Outcome {
    let (api, deadline) = (own.api()?, Instant::now() + SETTLED_WITHIN);
    while api.system()?["Debug"] != expected {
        check!(Instant::now() < deadline, "the engine takes the setting `debug` = {expected} within 10 s of SIGHUP");
        // It tells nobody when it has.
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}

/// A stopped engine is a failure that says so.
fn without_engine(own: &OwnEngine) -> Outcome {
    own.stop()?;
    super::unreachable::check_refusal(&own.docker(["info"]).run()?, own.address())
}
