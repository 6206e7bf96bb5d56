//! Device information sent by a client: identifier, and signs of an emulator.
//!
//! Clients send the output of their platform's libraries, so fields are searched under those names, at any depth,
//! ignoring case and separators.

use serde_json::Value;

/// Most values searched, and the depth limit: a client may send a lot.
const MAX_VALUES: usize = 2000;
const MAX_DEPTH: usize = 6;
/// Longest value of a description, in characters.
const MAX_TEXT: usize = 120;

/// Field names of device ids, best first.
const IDS: [&str; 10] = [
    "deviceid",
    "identifierforvendor",
    "androidid",
    "installationid",
    "visitorid",
    "deviceuuid",
    "uuid",
    "devicefingerprint",
    "serialnumber",
    "serial",
];

/// Field names that distinguish device models when there is no id; none changes with an update.
const KINDS: [&str; 13] = [
    "manufacturer",
    "vendor",
    "brand",
    "model",
    "modelname",
    "product",
    "hardware",
    "machine",
    "platform",
    "os",
    "osname",
    "systemname",
    "browser",
];

/// Field names whose values reveal emulators.
const TELLING: [&str; 17] = [
    "model",
    "modelname",
    "device",
    "devicename",
    "product",
    "hardware",
    "fingerprint",
    "brand",
    "manufacturer",
    "board",
    "host",
    "machine",
    "platform",
    "useragent",
    "browser",
    "browsername",
    "bootloader",
];

const MARKS: [&str; 13] = [
    "emulator",
    "simulator",
    "sdk_gphone",
    "google_sdk",
    "goldfish",
    "ranchu",
    "genymotion",
    "vbox86",
    "android sdk built for",
    "bluestacks",
    "headlesschrome",
    "phantomjs",
    "electron-headless",
];

/// Returns the device's own id.
pub fn id(info: &Value) -> Option<String> {
    own_id(&fields(info))
}

fn own_id(fields: &[Field<'_>]) -> Option<String> {
    IDS.iter().find_map(|name| text(fields, name))
}

fn text(fields: &[Field<'_>], name: &str) -> Option<String> {
    let field = fields.iter().find(|field| field.name == name)?;
    field.value.as_str().map(str::trim).filter(|text| !text.is_empty()).map(short)
}

/// Returns the identity of the device of `info`: its id, otherwise a description of its model.
pub fn identity(info: &Value) -> Option<String> {
    let fields = fields(info);
    if let Some(id) = own_id(&fields) {
        return Some(id);
    }
    let text = |name: &str| text(&fields, name);
    let mut kinds: Vec<_> = KINDS.iter().filter_map(|name| Some(format!("{name}={}", text(name)?))).collect();
    // The version in a browser's user agent changes with each update; its words do not.
    let agent = text("useragent").map(|agent| agent.replace(|c: char| c.is_ascii_digit(), ""));
    kinds.extend(agent.map(|agent| format!("useragent={agent}")));
    Some(kinds.join("; ")).filter(|kinds| !kinds.is_empty())
}

/// Returns evidence of an emulator, a simulator or a headless browser in `info`, as `field=value`.
pub fn emulator(info: &Value) -> Option<String> {
    let fields = fields(info);
    let found = fields.iter().find(|field| gives_away(field))?;
    let value = match found.value {
        Value::String(text) => short(text),
        other => other.to_string(),
    };
    Some(format!("{}={value}", found.name))
}

fn gives_away(field: &Field) -> bool {
    let name = field.name.as_str();
    match field.value {
        Value::Bool(false) => {
            matches!(name, "isphysicaldevice" | "physicaldevice" | "isdevice" | "isrealdevice")
        }
        Value::Bool(true) => {
            matches!(
                name,
                "isemulator" | "issimulator" | "emulator" | "simulator" | "webdriver" | "isvirtual"
            )
        }
        Value::String(text) => {
            let text = text.trim().to_lowercase();
            let marked = TELLING.contains(&name) && MARKS.iter().any(|mark| text.contains(mark));
            let generic = matches!(name, "brand" | "device" | "product" | "fingerprint")
                && (text == "generic" || text.starts_with("generic_") || text.starts_with("generic/"));
            // The machine name of an iOS simulator's kernel; a device has its model.
            let simulated =
                field.parent == "utsname" && name == "machine" && matches!(text.as_str(), "x86_64" | "i386");
            marked || generic || simulated
        }
        _ => false,
    }
}

struct Field<'a> {
    /// Lower case letters and digits.
    name: String,
    parent: String,
    value: &'a Value,
}

/// Returns every named value, outer ones first.
fn fields(info: &Value) -> Vec<Field<'_>> {
    let mut found = Vec::new();
    let mut level = vec![(String::new(), info)];
    for _ in 0..MAX_DEPTH {
        let mut next = Vec::new();
        for (parent, value) in level {
            match value {
                Value::Object(fields) => {
                    for (name, value) in fields {
                        let name = plain(name);
                        found.push(Field { name: name.clone(), parent: parent.clone(), value });
                        next.push((name, value));
                    }
                }
                Value::Array(items) => next.extend(items.iter().map(|item| (parent.clone(), item))),
                _ => {}
            }
            if found.len() + next.len() > MAX_VALUES {
                return found;
            }
        }
        level = next;
    }
    found
}

fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).take(64).collect()
}

pub fn short(text: &str) -> String {
    text.chars().take(MAX_TEXT).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_device_is_its_id_or_else_its_kind() {
        let same = [
            (json!({"deviceId": "a", "model": "Pixel 7"}), json!({"device_id": "a", "model": "Pixel 8"})),
            (
                json!({"os": "Android", "model": "Pixel 7", "battery": 0.4}),
                json!({"model": "Pixel 7", "os": "Android", "battery": 0.9}),
            ),
            (
                json!({"userAgent": "Mozilla/5.0 Chrome/120.0"}),
                json!({"userAgent": "Mozilla/5.0 Chrome/121.0"}),
            ),
        ];
        for (one, other) in same {
            assert_eq!(identity(&one), identity(&other), "{one} {other}");
            assert!(identity(&one).is_some());
        }
        let different = [
            (json!({"deviceId": "a"}), json!({"deviceId": "b"})),
            (json!({"ios": {"identifierForVendor": "A"}}), json!({"ios": {"identifierForVendor": "B"}})),
            (json!({"model": "Pixel 7"}), json!({"model": "iPhone 15"})),
        ];
        for (one, other) in different {
            assert_ne!(identity(&one), identity(&other), "{one} {other}");
        }
        for nothing in [json!({}), json!({"battery": 1}), json!({"deviceId": " "}), json!(null)] {
            assert_eq!(identity(&nothing), None, "{nothing}");
        }
    }

    #[test]
    fn emulators_and_headless_browsers_give_themselves_away() {
        for (info, mark) in [
            (json!({"isPhysicalDevice": false}), "isphysicaldevice=false"),
            (json!({"android": {"hardware": "ranchu", "model": "x"}}), "hardware=ranchu"),
            (json!({"model": "sdk_gphone64_arm64"}), "model=sdk_gphone64_arm64"),
            (json!({"fingerprint": "generic/sdk/generic:10"}), "fingerprint=generic/sdk/generic:10"),
            (json!({"hardware": "goldfish"}), "hardware=goldfish"),
            (json!({"utsname": {"machine": "x86_64"}}), "machine=x86_64"),
            (json!({"modelName": "iPhone Simulator"}), "modelname=iPhone Simulator"),
            (
                json!({"userAgent": "Mozilla/5.0 HeadlessChrome/120"}),
                "useragent=Mozilla/5.0 HeadlessChrome/120",
            ),
            (json!({"webdriver": true}), "webdriver=true"),
        ] {
            assert_eq!(emulator(&info).as_deref(), Some(mark));
        }
    }

    #[test]
    fn real_devices_are_not_reported() {
        for info in [
            json!({}),
            json!({"isPhysicalDevice": true, "brand": "google", "model": "Pixel 7", "hardware": "panther",
                   "fingerprint": "google/panther/panther:14/UP1A"}),
            json!({"utsname": {"machine": "iPhone15,2"}, "model": "iPhone", "isPhysicalDevice": true}),
            json!({"machine": "x86_64", "os": "Linux", "userAgent": "Mozilla/5.0 (X11; Linux x86_64) Chrome/120"}),
            json!({"name": "Ada's emulator", "brand": "Generics Inc", "webdriver": false}),
        ] {
            assert_eq!(emulator(&info), None, "{info}");
        }
    }

    #[test]
    fn a_huge_or_deep_description_is_read_up_to_the_limits() {
        let mut deep = json!({"isPhysicalDevice": false});
        for _ in 0..50 {
            deep = json!({"a": deep});
        }
        assert_eq!(emulator(&deep), None);
        let wide: serde_json::Map<_, _> = (0..10_000).map(|at| (at.to_string(), json!([1, 2, 3]))).collect();
        assert_eq!(identity(&Value::Object(wide)), None);
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "\\PC{0,200}") {
            let info = json!({"model": text, "deviceId": text, "userAgent": text});
            if let Some(id) = identity(&info) {
                prop_assert!(id.chars().count() <= MAX_TEXT);
            }
            let _ = emulator(&info);
        }
    }
}
