"""The `openai` engine: one structured call per résumé to any endpoint that speaks the OpenAI API.

prompt      what is sent: all that an analysis shares first, the résumé last
connection  how it is sent: one client, one retry loop, a pace, a limit to everything
errors      what an error calls for: a person, a retry, a shorter prompt, another mode
answers     what came back, checked before anybody believes it
vanguard    a few calls go ahead where all going at once would be a waste
engine      the contract: score, insights, suggest

Nothing is imported here: what a run will cost is told from the prompt, without the client.
"""
