//! Tests that compare the files for containers, clusters and systemd with the program. They compare settings,
//! arguments, ports, probes and times.

use crate::commands::Cli;
use clap::Parser;
use lamplight_server::Config;
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// The environment variables of the program that are not settings of a node.
const BESIDE: [&str; 3] = ["LAMPLIGHT_CONFIG", "LAMPLIGHT_LOG", "LAMPLIGHT_LOG_FORMAT"];

/// The longest orderly stop of a node with 100,000 connections, in seconds. Handing over the connections takes 20 s.
/// The rest is for stores and workers that do not answer.
const STOP: u64 = 60;

fn file(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Reads the documents of a YAML file.
fn documents(path: &str) -> Vec<Value> {
    let text = file(path);
    let read = |document| {
        let mut value = serde_yaml_ng::Value::deserialize(document)?;
        value.apply_merge()?;
        Ok::<_, serde_yaml_ng::Error>(serde_json::to_value(value).expect("the keys are texts"))
    };
    let documents: Result<_, _> = serde_yaml_ng::Deserializer::from_str(&text).map(read).collect();
    documents.unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn entries(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text"))
}

fn seconds(value: &str) -> u64 {
    value.strip_suffix('s').expect("seconds").parse().expect("a number")
}

/// Returns the paths of all settings, by the names of their environment variables.
fn settings() -> BTreeMap<String, &'static str> {
    fn gather(value: &Value, path: &str, found: &mut BTreeMap<String, &'static str>) {
        for (name, value) in entries(value) {
            let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            let variable = format!("LAMPLIGHT_{}", path.replace('.', "__").to_uppercase());
            gather(value, &path, found);
            let _ = found.insert(variable, path.leak());
        }
    }
    let mut found = BTreeMap::new();
    gather(&serde_json::to_value(Config::default()).expect("settings are JSON"), "", &mut found);
    found
}

fn check_variable(place: &str, name: &str, value: &str) {
    if name == "LAMPLIGHT_LOG_FORMAT" {
        check_command(place, &["serve", "--log-format", value]);
    }
    // systemd puts other texts in the place of `%…`.
    if BESIDE.contains(&name) || value.contains('%') {
        return;
    }
    let path = *settings().get(name).unwrap_or_else(|| panic!("{place}: there is no setting {name}"));
    let value = value.parse().expect("every text is a value");
    Config::load(None, vec![(path, value)]).unwrap_or_else(|error| panic!("{place}: {name}: {error}"));
}

fn check_command(place: &str, words: &[&str]) {
    if let Err(error) = Cli::try_parse_from([&["lamplight"], words].concat()) {
        panic!("{place}: {error}");
    }
}

fn check_file_of_settings(place: &str, toml: &str) {
    let file = tempfile::NamedTempFile::new().expect("a file can be made");
    fs::write(file.path(), toml).expect("the file can be written");
    Config::load(Some(file.path()), Vec::new()).unwrap_or_else(|error| panic!("{place}: {error}"));
}

/// Returns the ports of the container image: for clients, for HTTP, and for health and metrics.
fn ports() -> [u16; 3] {
    let config = Config::default();
    let health = variables_of_the_image().remove("LAMPLIGHT_HEALTH_LISTEN").expect("a health port");
    let health: std::net::SocketAddr = health.parse().expect("an address");
    [config.client_listen.port(), config.http_listen.port(), health.port()]
}

/// Returns the instructions of the Dockerfile, with continued lines joined.
fn instructions() -> Vec<String> {
    file("Dockerfile").replace("\\\n", " ").lines().map(|line| line.trim().to_owned()).collect()
}

fn variables_of_the_image() -> BTreeMap<String, String> {
    let lines = instructions();
    let words = lines.iter().filter_map(|line| line.strip_prefix("ENV ")).flat_map(str::split_whitespace);
    let pairs = words.map(|word| word.split_once('=').expect("a variable and its value"));
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn is_node(service: &Value) -> bool {
    service["image"] == "lamplight"
}

fn compose() -> Value {
    documents("packaging/compose/compose.yaml").remove(0)
}

fn names_of_nodes(compose: &Value) -> BTreeSet<&str> {
    let nodes = entries(&compose["services"]).filter(|(_, service)| is_node(service));
    nodes.map(|(name, _)| name.as_str()).collect()
}

#[test]
fn the_image_has_the_ports_and_settings_of_the_program() {
    for (name, value) in variables_of_the_image() {
        check_variable("Dockerfile", &name, &value);
    }
    let lines = instructions();
    let find = |word: &str| lines.iter().find_map(|line| line.strip_prefix(word)).expect(word);
    let exposed: Vec<u16> = find("EXPOSE ").split(' ').map(|port| port.parse().expect("a port")).collect();
    assert_eq!(exposed, ports());
    for instruction in ["HEALTHCHECK ", "ENTRYPOINT ", "CMD "] {
        let line = find(instruction);
        let words: Vec<String> = serde_json::from_str(&line[line.find('[').expect("[")..]).expect("a list");
        let words: Vec<_> = words.iter().map(String::as_str).filter(|word| !word.starts_with('/')).collect();
        if !words.is_empty() {
            check_command(instruction, &words);
        }
    }
}

#[test]
fn the_compose_file_starts_nodes_with_settings_that_exist() {
    let compose = compose();
    let nodes = names_of_nodes(&compose);
    assert_eq!(nodes.len(), 3);
    let address = text(&compose["services"]["balancer"]["networks"]["inside"]["ipv4_address"]);
    let mut folders = BTreeSet::new();
    for (name, service) in entries(&compose["services"]) {
        for named in list(&service["secrets"]) {
            assert!(compose["secrets"][text(named)].is_object(), "{name}: no secret {named}");
        }
        for volume in list(&service["volumes"]) {
            let source = text(volume).split(':').next().expect("split gives one part at least");
            let declared = compose["volumes"].as_object().expect("volumes").contains_key(source);
            let there = || file(&format!("packaging/compose/{source}"));
            assert!(declared || !there().is_empty(), "{name}: no volume {source}");
        }
        let waits_for = service["depends_on"].as_object().into_iter().flat_map(|map| map.keys().cloned());
        let waits_for =
            waits_for.chain(list(&service["depends_on"]).iter().map(|name| text(name).to_owned()));
        for other in waits_for {
            assert!(compose["services"][&other].is_object(), "{name}: no service {other}");
        }
        if !is_node(service) {
            continue;
        }
        for (variable, value) in entries(&service["environment"]) {
            check_variable(name, variable, text(value));
        }
        let config = text(&service["environment"]["LAMPLIGHT_CONFIG"]);
        let secret = config.strip_prefix("/run/secrets/").expect("a secret");
        assert!(list(&service["secrets"]).iter().any(|named| named == secret), "{name}: {config}");
        let proxies = text(&service["environment"]["LAMPLIGHT_TRUSTED_PROXIES"]);
        assert_eq!(proxies, format!("[\"{address}\"]"));
        assert!(seconds(text(&service["stop_grace_period"])) >= STOP, "{name}");
        assert_eq!(service["hostname"], **name, "the name of the node");
        assert!(folders.insert(text(&list(&service["volumes"])[0])), "{name}: the volume of another node");
        let words: Vec<_> = list(&service["command"]).iter().map(text).collect();
        if !words.is_empty() {
            check_command(name, &words);
        }
    }
    let redis = list(&compose["services"]["redis"]["command"]);
    assert!(redis.windows(2).any(|pair| pair == ["--maxmemory-policy", "noeviction"]), "{redis:?}");
    let postgres = list(&compose["services"]["postgres"]["command"]).iter().map(text);
    let most =
        postgres.filter_map(|word| word.strip_prefix("max_connections=")?.parse::<usize>().ok()).next();
    assert!(most.expect("max_connections") >= (nodes.len() + 1) * Config::default().facts_connections + 10);
}

#[test]
fn the_balancer_of_the_compose_file_leads_to_the_ports_of_the_nodes() {
    let compose = compose();
    let (nodes, [clients, http, health]) = (names_of_nodes(&compose), ports());
    let settings = file("packaging/compose/haproxy.cfg");
    let (mut section, mut found, mut bound) = ("", BTreeMap::<&str, BTreeSet<&str>>::new(), BTreeSet::new());
    for words in settings.lines().map(|line| line.split_whitespace().collect::<Vec<_>>()) {
        match &words[..] {
            ["backend" | "frontend", name] => section = name,
            ["bind", address] => drop(bound.insert(address.trim_start_matches(':').to_owned())),
            ["server", name, address, options @ ..] => {
                let port = if section == "clients" { clients } else { http };
                assert_eq!(*address, format!("{name}:{port}"));
                assert_eq!(options.contains(&"send-proxy-v2"), section == "clients", "{section}");
                assert!(found.entry(section).or_default().insert(name));
            }
            ["option", "httpchk", "GET", path] => assert_eq!(*path, "/readyz"),
            ["default-server", "check", "port", port, ..] => assert_eq!(*port, health.to_string()),
            _ => {}
        }
    }
    assert_eq!(found, BTreeMap::from([("clients", nodes.clone()), ("web", nodes)]));
    assert_eq!(settings.matches("option httpchk").count(), 2);
    assert_eq!(settings.matches("check port").count(), 1);
    let published = list(&compose["services"]["balancer"]["ports"]).iter().map(text);
    let published: BTreeSet<_> =
        published.map(|port| port.rsplit(':').next().expect("a port").to_owned()).collect();
    assert_eq!(published, bound);
    assert_eq!(bound, [clients, http].map(|port| port.to_string()).into());
}

#[test]
fn the_kubernetes_file_agrees_with_the_program_and_with_itself() {
    let all = documents("packaging/kubernetes/lamplight.yaml");
    let of_kind = |kind: &str| all.iter().filter(|it| it["kind"] == kind).collect::<Vec<_>>();
    let [deployment] = of_kind("Deployment")[..] else { panic!("one Deployment") };
    let [secret] = of_kind("Secret")[..] else { panic!("one Secret") };
    let [budget] = of_kind("PodDisruptionBudget")[..] else { panic!("one PodDisruptionBudget") };
    let pod = &deployment["spec"]["template"];
    let labels = &pod["metadata"]["labels"];
    for selector in
        [&deployment["spec"]["selector"]["matchLabels"], &budget["spec"]["selector"]["matchLabels"]]
    {
        assert_eq!(selector, labels);
    }
    let [container] = list(&pod["spec"]["containers"]) else { panic!("one container") };
    let [clients, http, health] = ports();
    let named = [("clients", clients), ("http", http), ("health", health)];
    let found =
        list(&container["ports"]).iter().map(|port| (text(&port["name"]), port["containerPort"].as_u64()));
    assert_eq!(found.collect::<Vec<_>>(), named.map(|(name, port)| (name, Some(port.into()))));
    for service in of_kind("Service") {
        assert_eq!(&service["spec"]["selector"], labels);
        for port in list(&service["spec"]["ports"]) {
            let target = named.iter().find(|(name, _)| port["targetPort"] == **name);
            let (_, number) = target.unwrap_or_else(|| panic!("{port} leads nowhere"));
            assert_eq!(port["port"], *number);
        }
    }
    assert_eq!(pod["metadata"]["annotations"]["prometheus.io/port"], health.to_string());

    let routes = file("crates/server/src/probes.rs");
    for (probe, path) in
        [("startupProbe", "/healthz"), ("readinessProbe", "/readyz"), ("livenessProbe", "/healthz")]
    {
        let get = &container[probe]["httpGet"];
        assert_eq!((text(&get["path"]), text(&get["port"])), (path, "health"), "{probe}");
        assert!(routes.contains(&format!("\"{path}\"")), "the server has no {path}");
    }
    let pause = container["lifecycle"]["preStop"]["sleep"]["seconds"].as_u64().expect("a pause");
    let grace = pod["spec"]["terminationGracePeriodSeconds"].as_u64().expect("a grace");
    assert!(grace >= pause + STOP, "{grace}");
    let spread = u64::from(Config::default().reconnect_spread_ms) / 1_000;
    assert!(deployment["spec"]["minReadySeconds"].as_u64().expect("seconds") > spread);

    let mounts = list(&container["volumeMounts"]);
    let volumes: BTreeSet<_> =
        list(&pod["spec"]["volumes"]).iter().map(|volume| text(&volume["name"])).collect();
    assert_eq!(mounts.iter().map(|mount| text(&mount["name"])).collect::<BTreeSet<_>>(), volumes);
    let mounted = |path: &str| {
        let mount = mounts.iter().find(|mount| path.starts_with(text(&mount["mountPath"])));
        text(&mount.unwrap_or_else(|| panic!("{path} is in no volume"))["name"]).to_owned()
    };
    assert_eq!(mounted(&variables_of_the_image()["LAMPLIGHT_DATA_DIR"]), "state");
    for variable in list(&container["env"]) {
        check_variable("kubernetes", text(&variable["name"]), text(&variable["value"]));
    }
    let config = list(&container["env"]).iter().find(|it| it["name"] == "LAMPLIGHT_CONFIG").expect("a file");
    let (folder, name) = text(&config["value"]).rsplit_once('/').expect("a path");
    assert_eq!(mounted(folder), "stores");
    let source =
        list(&pod["spec"]["volumes"]).iter().find(|volume| volume["name"] == "stores").expect("stores");
    assert_eq!(source["secret"]["secretName"], secret["metadata"]["name"]);
    check_file_of_settings("kubernetes", text(&secret["stringData"][name]));
    let words: Vec<_> = list(&container["args"]).iter().map(text).collect();
    if !words.is_empty() {
        check_command("kubernetes", &words);
    }
}

#[test]
fn the_files_for_systemd_name_settings_that_exist() {
    let unit = file("packaging/lamplight.service");
    let command = unit.lines().find_map(|line| line.strip_prefix("ExecStart=")).expect("a command");
    check_command("lamplight.service", &command.split(' ').skip(1).collect::<Vec<_>>());

    let cluster = file("packaging/lamplight-cluster.conf");
    let value = |name: &str| cluster.lines().find_map(|line| line.strip_prefix(name)).expect("a line");
    for line in cluster.lines().filter_map(|line| line.strip_prefix("Environment=")) {
        let (name, value) = line.split_once('=').expect("a variable");
        check_variable("lamplight-cluster.conf", name, value);
    }
    let (credential, _) = value("LoadCredential=").split_once(':').expect("a credential");
    assert_eq!(value("Environment=LAMPLIGHT_CONFIG="), format!("%d/{credential}"));
    assert!(seconds(value("TimeoutStopSec=")) >= STOP);

    let defaults = file("packaging/lamplight.default");
    let variables: Vec<_> = defaults.lines().filter_map(|line| line.strip_prefix("#LAMPLIGHT_")).collect();
    assert!(variables.len() >= 4, "{variables:?}");
    for line in variables {
        let (name, value) = line.split_once('=').expect("a variable");
        check_variable("lamplight.default", &format!("LAMPLIGHT_{name}"), value);
    }
}

#[test]
fn the_files_of_settings_on_the_page_can_be_used() {
    let page = file("docs/operations/deployment.md");
    let blocks: Vec<_> = page.split("```toml\n").skip(1).map(|part| part.split("```").next()).collect();
    assert_eq!(blocks.len(), 1);
    for block in blocks {
        check_file_of_settings("deployment.md", block.expect("split gives one part at least"));
    }
    // The file that the commands for Compose write.
    let (_, written) = page.split_once("secrets/stores.toml <<END\n").expect("a file");
    let (written, _) = written.split_once("END\n").expect("its end");
    let written = written.replace("$(cat secrets/postgres-password)", "0a1b").replace("$password", "2c3d");
    assert!(!written.contains('$'), "{written}");
    check_file_of_settings("deployment.md", &written);
}
