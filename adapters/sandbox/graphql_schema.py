"""The part of GitHub's GraphQL schema the sandbox serves, in our own words; a contract test holds it to theirs."""

SDL = """
scalar DateTime
scalar URI
scalar GitObjectID

interface Node { id: ID! }
interface Actor { login: String! url: URI! }

type User implements Actor & Node { id: ID! login: String! name: String url: URI! }
type Bot implements Actor & Node { id: ID! login: String! url: URI! }

type PageInfo {
  startCursor: String
  endCursor: String
  hasNextPage: Boolean!
  hasPreviousPage: Boolean!
}

type Ref implements Node { id: ID! name: String! }

type DiscussionCategory implements Node { id: ID! name: String! slug: String! isAnswerable: Boolean! }
type DiscussionCategoryEdge { cursor: String! node: DiscussionCategory }
type DiscussionCategoryConnection {
  edges: [DiscussionCategoryEdge]
  nodes: [DiscussionCategory]
  pageInfo: PageInfo!
  totalCount: Int!
}

type DiscussionComment implements Node {
  id: ID!
  author: Actor
  body: String!
  createdAt: DateTime!
  url: URI!
}
type DiscussionCommentConnection { nodes: [DiscussionComment] pageInfo: PageInfo! totalCount: Int! }

type Discussion implements Node {
  id: ID!
  number: Int!
  title: String!
  body: String!
  url: URI!
  author: Actor
  category: DiscussionCategory!
  closed: Boolean!
  locked: Boolean!
  createdAt: DateTime!
  updatedAt: DateTime!
  comments(after: String, before: String, first: Int, last: Int): DiscussionCommentConnection!
}
type DiscussionEdge { cursor: String! node: Discussion }
type DiscussionConnection {
  edges: [DiscussionEdge]
  nodes: [Discussion]
  pageInfo: PageInfo!
  totalCount: Int!
}

enum OrderDirection { ASC DESC }
enum DiscussionOrderField { CREATED_AT UPDATED_AT }
input DiscussionOrder { field: DiscussionOrderField! direction: OrderDirection! }

enum MergeableState { CONFLICTING MERGEABLE UNKNOWN }
enum PullRequestReviewDecision { APPROVED CHANGES_REQUESTED REVIEW_REQUIRED }
enum PullRequestState { CLOSED MERGED OPEN }

type PullRequest implements Node {
  id: ID!
  number: Int!
  title: String!
  url: URI!
  state: PullRequestState!
  merged: Boolean!
  mergeable: MergeableState!
  headRefName: String!
  headRefOid: GitObjectID!
  baseRefName: String!
  reviewDecision: PullRequestReviewDecision
}

type Repository implements Node {
  id: ID!
  name: String!
  nameWithOwner: String!
  isPrivate: Boolean!
  defaultBranchRef: Ref
  discussionCategories(after: String, before: String, first: Int, last: Int): DiscussionCategoryConnection!
  discussions(
    after: String, before: String, first: Int, last: Int, categoryId: ID, orderBy: DiscussionOrder
  ): DiscussionConnection!
  discussion(number: Int!): Discussion
  pullRequest(number: Int!): PullRequest
}

type Query {
  viewer: User!
  repository(owner: String!, name: String!, followRenames: Boolean): Repository
}

input CreateDiscussionInput {
  clientMutationId: String
  repositoryId: ID!
  categoryId: ID!
  title: String!
  body: String!
}
type CreateDiscussionPayload { clientMutationId: String discussion: Discussion }

input UpdateDiscussionInput { clientMutationId: String discussionId: ID! title: String body: String }
type UpdateDiscussionPayload { clientMutationId: String discussion: Discussion }

input AddDiscussionCommentInput { clientMutationId: String discussionId: ID! body: String! }
type AddDiscussionCommentPayload { clientMutationId: String comment: DiscussionComment }

type Mutation {
  createDiscussion(input: CreateDiscussionInput!): CreateDiscussionPayload
  updateDiscussion(input: UpdateDiscussionInput!): UpdateDiscussionPayload
  addDiscussionComment(input: AddDiscussionCommentInput!): AddDiscussionCommentPayload
}
"""
