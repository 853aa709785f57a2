"""Codes and types of errors that say whose fault it is whatever the status; each as its provider writes it."""

from tagging.extraction.openai.error_body import word

# Account, key, credit or model: everybody's fault.
PROVIDER = {
    *("insufficient_quota", "billing_hard_limit_reached", "billing_not_active", "invalid_api_key", "model_not_found"),
    *("account_deactivated", "unsupported_country_region_territory"),
    *("authentication_error", "billing_error"),  # Anthropic
    *("API_KEY_INVALID", "API_KEY_EXPIRED", "API_KEY_SERVICE_BLOCKED", "UNAUTHENTICATED"),  # Google
    *("SERVICE_DISABLED", "BILLING_DISABLED", "CONSUMER_SUSPENDED"),
    *("model_decommissioned", "model_not_active", "model_terms_required", "organization_restricted"),  # Groq
    *("budget_exceeded", "auth_error", "expired_key", "token_not_found_in_db"),  # LiteLLM
    *("key_model_access_denied", "team_model_access_denied"),
    *("DeploymentNotFound", "InvalidSubscriptionKey"),  # Azure
    *("UnrecognizedClientException", "ExpiredTokenException", "AccessDeniedException"),  # AWS
    *("Arrearage", "AccessDenied.Unpurchased", "Model.AccessDenied"),  # Alibaba
    *("AccountOverdueError", "AuthenticationError", "ModelNotOpen", "InvalidEndpointOrModel"),  # Volcengine
    *("exceeded_current_quota_error", "invalid_authentication_error", "incorrect_api_key_error"),  # Moonshot
    *("model_not_supported", "unknown_model", "invalid_model", "wrong_api_key", "payment_required"),
}
RATE_LIMIT = {
    *("rate_limit_exceeded", "rate_limit_error", "rate_limited", "RateLimitReached", "rate_limit_reached_error"),
    *("too_many_requests", "RESOURCE_EXHAUSTED", "Throttling", "ThrottlingException"),
}
# The provider rejects what the entry says.
FILTER = {
    *("content_filter", "content_policy_violation", "invalid_prompt", "ResponsibleAIPolicyViolation"),
    *("data_inspection_failed", "SensitiveContentDetected"),
}
PROVIDER_WORDS, RATE_LIMIT_WORDS, FILTER_WORDS = (
    frozenset(map(word, each)) for each in (PROVIDER, RATE_LIMIT, FILTER)
)
