"""Every sentence the bot says. Pure: values in, a `Card` (or a phrase of one) out.

What all procedures share is sorted by its occasion; each procedure has a module for what it says of its own. Tone:
short, exact, no exclamation; what happened, what it means, what to say next. Text from people goes into spans as data.
"""

from bot.chat.replies import answers as answers
from bot.chat.replies import approvals as approvals
from bot.chat.replies import binding as binding
from bot.chat.replies import breakglass as breakglass
from bot.chat.replies import calling as calling
from bot.chat.replies import changes as changes
from bot.chat.replies import clocks as clocks
from bot.chat.replies import daily as daily
from bot.chat.replies import dependency as dependency
from bot.chat.replies import freeze as freeze
from bot.chat.replies import hotfix as hotfix
from bot.chat.replies import incident as incident
from bot.chat.replies import left as left
from bot.chat.replies import lists as lists
from bot.chat.replies import mirrors as mirrors
from bot.chat.replies import misread as misread
from bot.chat.replies import news as news
from bot.chat.replies import onboarding as onboarding
from bot.chat.replies import paging as paging
from bot.chat.replies import phrases as phrases
from bot.chat.replies import reality as reality
from bot.chat.replies import record as record
from bot.chat.replies import refusals as refusals
from bot.chat.replies import rollback as rollback
from bot.chat.replies import security as security
from bot.chat.replies import stable as stable
from bot.chat.replies import starting as starting
from bot.chat.replies import summary as summary
