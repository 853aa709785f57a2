"""From a saved dev-log to its tags. The rooms, in the order in which a job passes them:

queues.py     the way in: a job row beside the dev-log, a notification after the commit
transports/   carry the notification to a worker, and may lose it
engine/       runs jobs: claims them, has the extractor called beside it, settles the outcome
extraction/   text to technologies, without Django
models/       the rows and their transitions: the truth
remote/       a job that is worked on elsewhere, as in Lambda: what leaves, and where its result comes back
curation/     what people decide: about one dev-log's tags, about names
api/ admin/   tags as JSON; pages for people
evaluation/ simulation/ management/   how good an extractor is; load without a model; commands
"""
