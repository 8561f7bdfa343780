//! Chains of certificates shaped as the App Store's: root and intermediate P-384, leaf P-256, and a mark on
//! each of the lower two.

use chrono::TimeDelta;
use edupay_domain::clock::Timestamp;
use openssl::asn1::{Asn1Integer, Asn1Object, Asn1OctetString, Asn1Time};
use openssl::bn::{BigNum, MsbOption};
use openssl::ec::{EcGroup, EcKey};
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::x509::extension::{AuthorityKeyIdentifier, BasicConstraints, KeyUsage, SubjectKeyIdentifier};
use openssl::x509::{X509, X509Builder, X509Extension, X509Name, X509NameRef};

/// What marks the leaf that signs for the App Store.
const LEAF_MARK: &str = "1.2.840.113635.100.6.11.1";
/// What marks the intermediate above it.
const INTERMEDIATE_MARK: &str = "1.2.840.113635.100.6.2.1";
/// An ASN.1 NULL: a mark says nothing but that it is there.
const NULL: [u8; 2] = [0x05, 0x00];
/// X.509 version 3 counts from zero.
const VERSION_3: i32 = 2;

/// Whether a certificate carries its mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// It does.
    Present,
    /// It does not, like a developer's own certificate.
    Absent,
}

/// What a certificate may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Sign other certificates.
    Authority,
    /// Sign anything else.
    EndEntity,
}

/// What a chain looks like. [`ChainPlan::new`] is as the App Store's; each field can be wrong for a test.
#[derive(Debug, Clone)]
pub struct ChainPlan {
    /// The common name of the root.
    pub root_name: String,
    /// When all certificates begin to be valid.
    pub from: Timestamp,
    /// When root and intermediate end to be.
    pub until: Timestamp,
    /// When the leaf does.
    pub leaf_until: Timestamp,
    /// What the intermediate may do.
    pub intermediate: Role,
    /// The intermediate's mark.
    pub intermediate_mark: Mark,
    /// The leaf's mark.
    pub leaf_mark: Mark,
}

/// A chain and the key of its leaf. The keys above it are forgotten, so nothing else is ever issued.
pub(super) struct Chain {
    pub(super) root: X509,
    pub(super) intermediate: X509,
    pub(super) leaf: X509,
    pub(super) key: EcKey<Private>,
}

impl ChainPlan {
    /// Valid for ten years before and after this moment.
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        let ten_years = TimeDelta::days(3_652);
        let until = now.checked_add_signed(ten_years).unwrap_or(now);
        Self {
            root_name: "edupay development root".to_owned(),
            from: now.checked_sub_signed(ten_years).unwrap_or(now),
            until,
            leaf_until: until,
            intermediate: Role::Authority,
            intermediate_mark: Mark::Present,
            leaf_mark: Mark::Present,
        }
    }

    pub(super) fn make(&self) -> Result<Chain, ErrorStack> {
        let root_key = new_key(Nid::SECP384R1)?;
        let root_name = name(&self.root_name)?;
        let draft = Draft { plan: self, until: self.until, name: &root_name, key: &root_key };
        let root = draft.issue(&Issuer::Itself, Role::Authority, None)?;

        let intermediate_key = new_key(Nid::SECP384R1)?;
        let intermediate_name = name("edupay development intermediate")?;
        let draft = Draft { plan: self, until: self.until, name: &intermediate_name, key: &intermediate_key };
        let mark = (self.intermediate_mark == Mark::Present).then_some(INTERMEDIATE_MARK);
        let issuer = Issuer::Other { certificate: &root, key: &root_key };
        let intermediate = draft.issue(&issuer, self.intermediate, mark)?;

        let leaf_key = new_key(Nid::X9_62_PRIME256V1)?;
        let leaf_name = name("edupay development App Store")?;
        let draft = Draft { plan: self, until: self.leaf_until, name: &leaf_name, key: &leaf_key };
        let mark = (self.leaf_mark == Mark::Present).then_some(LEAF_MARK);
        let issuer = Issuer::Other { certificate: &intermediate, key: &intermediate_key };
        let leaf = draft.issue(&issuer, Role::EndEntity, mark)?;
        Ok(Chain { root, intermediate, leaf, key: leaf_key.ec_key()? })
    }
}

/// A certificate before anybody signed it.
struct Draft<'a> {
    plan: &'a ChainPlan,
    until: Timestamp,
    name: &'a X509NameRef,
    key: &'a PKey<Private>,
}

/// Who signs it.
enum Issuer<'a> {
    Itself,
    Other { certificate: &'a X509, key: &'a PKey<Private> },
}

impl Draft<'_> {
    fn issue(&self, issuer: &Issuer<'_>, role: Role, mark: Option<&str>) -> Result<X509, ErrorStack> {
        let mut builder = X509::builder()?;
        builder.set_version(VERSION_3)?;
        let mut serial = BigNum::new()?;
        serial.rand(64, MsbOption::MAYBE_ZERO, false)?;
        let serial = Asn1Integer::from_bn(&serial)?;
        builder.set_serial_number(&serial)?;
        let (from, until) =
            (Asn1Time::from_unix(self.plan.from.timestamp())?, Asn1Time::from_unix(self.until.timestamp())?);
        builder.set_not_before(&from)?;
        builder.set_not_after(&until)?;
        builder.set_subject_name(self.name)?;
        builder.set_pubkey(self.key)?;
        let (issuer_name, issuer_certificate, issuer_key) = match issuer {
            Issuer::Itself => (self.name, None, self.key),
            Issuer::Other { certificate, key } => (certificate.subject_name(), Some(*certificate), *key),
        };
        builder.set_issuer_name(issuer_name)?;
        add_usage(&mut builder, role)?;
        let subject_key = SubjectKeyIdentifier::new().build(&builder.x509v3_context(None, None))?;
        builder.append_extension(subject_key)?;
        if let Some(certificate) = issuer_certificate {
            let mut authority_key = AuthorityKeyIdentifier::new();
            let context = builder.x509v3_context(Some(certificate), None);
            let authority_key = authority_key.keyid(true).build(&context)?;
            builder.append_extension(authority_key)?;
        }
        if let Some(mark) = mark {
            let (mark, nothing) = (Asn1Object::from_str(mark)?, Asn1OctetString::new_from_bytes(&NULL)?);
            builder.append_extension(X509Extension::new_from_der(&mark, false, &nothing)?)?;
        }
        builder.sign(issuer_key, MessageDigest::sha384())?;
        Ok(builder.build())
    }
}

fn add_usage(builder: &mut X509Builder, role: Role) -> Result<(), ErrorStack> {
    let (mut constraints, mut usage) = (BasicConstraints::new(), KeyUsage::new());
    let (constraints, usage) = match role {
        Role::Authority => (constraints.critical().ca(), usage.critical().key_cert_sign().crl_sign()),
        Role::EndEntity => (constraints.critical(), usage.critical().digital_signature()),
    };
    builder.append_extension(constraints.build()?)?;
    builder.append_extension(usage.build()?)
}

fn new_key(curve: Nid) -> Result<PKey<Private>, ErrorStack> {
    let group = EcGroup::from_curve_name(curve)?;
    PKey::from_ec_key(EcKey::generate(&group)?)
}

fn name(common_name: &str) -> Result<X509Name, ErrorStack> {
    let mut name = X509Name::builder()?;
    name.append_entry_by_nid(Nid::COMMONNAME, common_name)?;
    Ok(name.build())
}
