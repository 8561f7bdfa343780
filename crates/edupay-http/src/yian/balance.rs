//! Filling the balance: on proof only, but for the sandbox.

use super::profile::ProfileView;
use crate::config::HttpConfig;
use crate::extract::{Body, Caller, Decode, InOrder, Reader, Value, amount_yuan, text_or_number};
use crate::failure::{Failure, FieldError, Refusal};
use crate::once::by_steps;
use crate::openapi::{OrRefusal, yuan_in};
use crate::services::{Services, State};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use edupay_domain::idempotency::KeyTurn;
use edupay_domain::ids::ChargeId;
use edupay_domain::money::Money;
use edupay_domain::store::StoreError;
use edupay_domain::top_ups::TopUpService;
use utoipa::ToSchema;

/// The longest proof that is looked at, in characters. A signed transaction with its three certificates
/// has about 4,000.
const MAX_PROOF: usize = 16_384;

/// What is to be credited, and what proves it.
pub(crate) enum Proof {
    /// None: only the sandbox takes that.
    Word(Money),
    /// A charge of the gateway; the amount is a cross-check.
    Charge(ChargeId, Option<Money>),
    /// A signed transaction of the App Store; the amount is a cross-check.
    Transaction(String, Option<Money>),
    /// One that proves nothing.
    Unusable,
}

/// How much, and the proof.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the document is made from it; what is decoded is the proof")]
pub(crate) struct FillInBalanceBody {
    /// Yuan: digits with at most two decimals, as number or text. With a proof it is a cross-check.
    #[schema(schema_with = yuan_in)]
    amount: Option<String>,
    /// A signed transaction of the App Store.
    transaction: Option<String>,
    /// The id of a paid top-up charge.
    #[schema(example = "ch_WrHW58Ki5unLCSuf54OuHKCS")]
    charge: Option<String>,
}

impl Decode for Proof {
    fn decode(reader: &mut Reader, config: &HttpConfig) -> Option<Self> {
        let amount = reader.optional("amount", amount_yuan(config.max_amount));
        let transaction = reader.optional("transaction", proof_text);
        let charge = reader.optional("charge", proof_text);
        let (amount, transaction, charge) = (amount?, transaction?, charge?);
        match (transaction, charge) {
            (None, None) => amount.map_or_else(|| reader.missing("amount"), |amount| Some(Self::Word(amount))),
            (None, Some(charge)) => {
                Some(ChargeId::parse(&charge).map_or(Self::Unusable, |charge| Self::Charge(charge, amount)))
            }
            (Some(transaction), None) => Some(Self::Transaction(transaction, amount)),
            // Which of the two should count, nobody can tell.
            (Some(_), Some(_)) => Some(Self::Unusable),
        }
    }
}

/// A blank proof is a bad one, not a bad value.
fn proof_text(value: &Value) -> Result<String, FieldError> {
    match text_or_number(MAX_PROOF)(value) {
        Err(FieldError::Blank) => Ok(String::new()),
        read => read,
    }
}

/// Fills the balance. The same proof again is the same success and credits nothing.
#[utoipa::path(
    put, path = "/pay/fill_in_balance/", operation_id = "fill_in_balance", tag = "益安", security(("token" = [])),
    request_body(content(
        (FillInBalanceBody = "application/json"), (FillInBalanceBody = "application/x-www-form-urlencoded")
    )),
    responses((status = 200, body = OrRefusal<ProfileView>, description = "The profile after it, or a refusal"))
)]
pub(crate) async fn fill_in_balance(
    request: HttpRequest,
    state: Data<State>,
    InOrder(caller, Body(proof)): InOrder<Caller, Body<Proof>>,
) -> Result<HttpResponse, Failure> {
    by_steps(&request, &state, caller.user.id, async |turn| fill(&state.services, &caller, proof, turn).await).await
}

async fn fill(
    services: &Services,
    caller: &Caller,
    proof: Proof,
    turn: Option<&KeyTurn>,
) -> Result<HttpResponse, Failure> {
    let id = caller.user.id;
    match proof {
        Proof::Word(amount) => simulate(&services.top_ups, caller, amount, turn).await?,
        Proof::Charge(charge, amount) => services.top_ups.redeem(id, &charge, amount).await?,
        Proof::Transaction(signed, amount) => {
            services.app_store.redeem(&caller.user, &signed, amount).await?;
        }
        Proof::Unusable => return Err(Failure::Refused(Refusal::ProofInvalid)),
    }
    // The money has moved: whatever fails now, the client must not read that nothing happened.
    let found = services.accounts.find(id).await.map_err(StoreError::after_a_committed_step)?;
    let user = found.ok_or(Failure::Internal("a user is gone"))?;
    Ok(HttpResponse::Ok().json(ProfileView::new(&user, &user.wallet)?))
}

async fn simulate(
    top_ups: &TopUpService,
    caller: &Caller,
    amount: Money,
    turn: Option<&KeyTurn>,
) -> Result<(), Failure> {
    if !top_ups.simulates() {
        return Err(Refusal::ProofInvalid.into());
    }
    Ok(top_ups.simulate(&caller.user, amount, caller.address, turn).await?)
}
