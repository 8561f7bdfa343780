//! What makes the program fail on purpose is in nothing that ships: it hangs on two features that
//! nobody has unless they are asked for.

use super::crates::workspace;

const FEATURES: [&str; 2] = ["failpoints", "planted-bugs"];

#[test]
fn no_build_has_fail_points_or_planted_bugs_unless_it_asks_for_them() {
    for package in workspace().workspace_packages() {
        let name = package.name.as_str();
        assert!(!package.features.contains_key("default"), "{name} has features by default");
        for dependency in &package.dependencies {
            let ours = dependency.name.starts_with("edupay");
            let asked = dependency.features.iter().find(|feature| FEATURES.contains(&feature.as_str()));
            assert!(!ours || asked.is_none(), "{name} asks {} for {asked:?}", dependency.name);
        }
        let may_switch = ["edupay", "edupay-mischief"].contains(&name);
        for feature in package.features.keys() {
            assert!(may_switch || !FEATURES.contains(&feature.as_str()), "{name} has the feature {feature}");
        }
    }
}
