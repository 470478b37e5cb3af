//! A real browser, driven by its own protocol over two pipes: what a person sees and does on a page.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::Place;

const PROGRAM: &str = "chromium";

/// How long the browser may think about a message, on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(120);

/// A browser with one page. It is gone at the end, as is its profile, which is in the folder of the place.
pub(crate) struct Browser {
    child: Child,
    to: File,
    from: Receiver<Value>,
    session: Option<String>,
    number: u64,
    /// What it told without being asked.
    told: Vec<Value>,
}

impl Browser {
    /// Starts one, if there is any.
    #[track_caller]
    pub(crate) fn start(place: &Place) -> Option<Browser> {
        if !test_needs::program(PROGRAM) {
            return None;
        }
        let [to, from, temporary] = ["to-browser", "from-browser", "of-browser"].map(|name| place.path(name));
        // Where it puts what it would leave in the common folder, being killed.
        std::fs::create_dir(&temporary).unwrap();
        assert!(Command::new("mkfifo").args([&to, &from]).status().unwrap().success());
        // Opened for both, so that neither side waits for the other.
        let open = |path| OpenOptions::new().read(true).write(true).open(path).unwrap();
        let (to_browser, from_browser) = (open(&to), open(&from));
        // It reads from descriptor 3 and writes to 4, which only a shell can give it.
        let script = r#"exec "$@" 3<"$TO" 4>"$FROM""#;
        // Its own walls against pages need rights that a test may not have; the pages are ours.
        let options = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"];
        let child = Command::new("sh")
            .args(["-c", script, "sh", PROGRAM, "--remote-debugging-pipe"])
            .args(options)
            .arg(format!("--user-data-dir={}", place.path("profile").display()))
            .envs([("TO", &to), ("FROM", &from), ("HOME", &place.path("home")), ("TMPDIR", &temporary)])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let browser =
            Browser { child, to: to_browser, from: messages(from_browser), session: None, number: 0, told: Vec::new() };
        Some(browser.with_a_page())
    }

    fn with_a_page(mut self) -> Browser {
        let target = self.call("Target.createTarget", &json!({"url": "about:blank"}))["targetId"].clone();
        let attached = self.call("Target.attachToTarget", &json!({"targetId": target, "flatten": true}));
        self.session = attached["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page", "Runtime", "Log", "Network"] {
            self.call(&format!("{domain}.enable"), &json!({}));
        }
        self
    }

    /// Calls a method of the protocol and gives back its result.
    #[track_caller]
    pub(crate) fn call(&mut self, method: &str, parameters: &Value) -> Value {
        self.number += 1;
        let mut message = json!({"id": self.number, "method": method, "params": parameters});
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        self.to.write_all(&bytes).unwrap();
        loop {
            let message = self.from.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("no answer to {method}"));
            if message["id"] == self.number {
                assert!(message.get("error").is_none(), "{method}: {}", message["error"]);
                return message["result"].clone();
            }
            self.told.push(message);
        }
    }

    /// Shows a page, and waits until it is there.
    #[track_caller]
    pub(crate) fn show(&mut self, address: &str) {
        self.told.clear();
        // From one place of a page to another it would not be loaded anew.
        self.call("Page.navigate", &json!({"url": "about:blank"}));
        self.wait_for("Page.loadEventFired");
        self.told.clear();
        self.call("Page.navigate", &json!({"url": address}));
        self.wait_for("Page.loadEventFired");
    }

    fn wait_for(&mut self, event: &str) {
        while !self.told.iter().any(|told| told["method"] == event) {
            let message = self.from.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("no {event}"));
            self.told.push(message);
        }
    }

    /// What an expression comes to on the page, once what was done has been drawn.
    #[track_caller]
    pub(crate) fn eval(&mut self, expression: &str) -> Value {
        let expression = format!(
            "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done({expression}))))"
        );
        let parameters = json!({"expression": expression, "returnByValue": true, "awaitPromise": true});
        let result = self.call("Runtime.evaluate", &parameters);
        assert!(result.get("exceptionDetails").is_none(), "{expression}: {}", result["exceptionDetails"]);
        result["result"]["value"].clone()
    }

    /// How many elements of the page a selector finds.
    #[track_caller]
    pub(crate) fn count(&mut self, selector: &str) -> u64 {
        self.eval(&format!("document.querySelectorAll('{selector}').length")).as_u64().unwrap()
    }

    /// Fails when what a host said has become part of a page of ours, which tells of something that failed.
    #[track_caller]
    pub(crate) fn expect_nothing_of_strangers(&mut self) {
        assert!(self.eval("document.title").as_str().unwrap().starts_with("FAIL: "), "a stranger took the title");
        assert_eq!((self.count("script"), self.count("img")), (1, 0));
    }

    /// Types a text where the focus is.
    pub(crate) fn type_text(&mut self, text: &str) {
        self.call("Input.insertText", &json!({"text": text}));
    }

    /// Presses a key.
    pub(crate) fn press(&mut self, key: &str, code: u32) {
        for kind in ["rawKeyDown", "keyUp"] {
            let parameters = json!({"type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code});
            self.call("Input.dispatchKeyEvent", &parameters);
        }
    }

    /// A window of this width, and a light or a dark theme.
    pub(crate) fn look(&mut self, width: u32, theme: &str) {
        let size = json!({"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": false});
        self.call("Emulation.setDeviceMetricsOverride", &size);
        let features = json!({"features": [{"name": "prefers-color-scheme", "value": theme}]});
        self.call("Emulation.setEmulatedMedia", &features);
    }

    /// Fails when the page is wider than its window.
    #[track_caller]
    pub(crate) fn expect_no_horizontal_scroll(&mut self) {
        let widths = self.eval("[document.documentElement.scrollWidth, document.documentElement.clientWidth]");
        assert!(widths[0].as_u64() <= widths[1].as_u64(), "the page is wider than its window: {widths}");
    }

    /// Fails when a part of the page is no landmark, a control has no name, or there is nothing of one of these roles.
    #[track_caller]
    pub(crate) fn expect_landmarks_and_names(&mut self, roles: &[&str]) {
        let tree = self.call("Accessibility.getFullAXTree", &json!({}));
        let nodes: Vec<&Value> =
            tree["nodes"].as_array().unwrap().iter().filter(|node| node["ignored"] != true).collect();
        for role in ["banner", "main", "navigation", "search", "contentinfo"].iter().chain(roles) {
            assert!(nodes.iter().any(|node| node["role"]["value"] == *role), "no {role}");
        }
        for node in nodes {
            let role = node["role"]["value"].as_str().unwrap_or_default();
            if ["searchbox", "checkbox", "combobox", "button", "link", "navigation", "region"].contains(&role) {
                let is_named = node["name"]["value"].as_str().is_some_and(|name| !name.trim().is_empty());
                assert!(is_named, "a {role} has no name: {node}");
            }
        }
    }

    /// Shows a page as those see it who allow no script.
    #[track_caller]
    pub(crate) fn show_without_script(&mut self, address: &str) {
        self.call("Emulation.setScriptExecutionDisabled", &json!({"value": true}));
        self.show(address);
    }

    /// How many elements of such a page a selector finds.
    #[track_caller]
    pub(crate) fn count_without_script(&mut self, selector: &str) -> usize {
        let document = self.call("DOM.getDocument", &json!({}));
        let parameters = json!({"nodeId": document["root"]["nodeId"], "selector": selector});
        let found = self.call("DOM.querySelectorAll", &parameters);
        found["nodeIds"].as_array().unwrap().len()
    }

    /// Fails when the page has complained about anything, or has asked for anything but itself.
    #[track_caller]
    pub(crate) fn expect_no_complaint(&mut self, address: &str) {
        let complaints = ["Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded"];
        let mut requests = 0;
        for told in &self.told {
            let method = told["method"].as_str().unwrap_or_default();
            assert!(!complaints.contains(&method), "{told}");
            if method == "Network.requestWillBeSent" {
                requests += 1;
                let asked = told["params"]["request"]["url"].as_str().unwrap_or_default();
                assert_eq!(asked, address.split(['?', '#']).next().unwrap_or_default(), "it needs something else");
            }
        }
        assert!(requests > 0, "the browser tells what a page asks for, itself first");
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // It may be gone by itself; its children end with it.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The messages that come from the browser, each ended by a NUL character. The thread ends with the browser.
fn messages(from: File) -> Receiver<Value> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut from = BufReader::new(from);
        let mut bytes = Vec::new();
        while from.read_until(0, &mut bytes).is_ok_and(|length| length > 0) {
            bytes.pop();
            let is_heard = serde_json::from_slice(&bytes).is_ok_and(|message| sender.send(message).is_ok());
            if !is_heard {
                return;
            }
            bytes.clear();
        }
    });
    receiver
}
