"""The `openai` engine: one structured call per résumé to any endpoint that speaks the OpenAI API.

prompt      what is sent: first what an analysis shares, the résumé last
connection  how it is sent: one client, one retry loop, a pace, a limit to everything
errors      what an error calls for: a person, a retry, a shorter prompt, another mode
answers     what came back, parsed and checked
vanguard    a few calls go first where all at once would be a waste
engine      the contract: score, insights, suggest

Nothing is imported here: a run's cost is estimated from the prompt, without the client.
"""
